#include "runtime/python/guard/guard.hpp"

#include "runtime/python/glue/loaded_type.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/big_buffers.hpp"
#include "runtime/python/guard/checked_call.hpp"
#include "runtime/python/guard/ctypes_data.hpp"
#include "runtime/python/guard/escape_scan.hpp"
#include "runtime/python/guard/frames.hpp"
#include "runtime/python/guard/free_lists.hpp"
#include "runtime/python/guard/instance_dicts.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/guard/library_objects.hpp"
#include "runtime/python/guard/methods.hpp"
#include "runtime/python/guard/patch/patches.hpp"
#include "runtime/python/guard/storage.hpp"
#include "runtime/python/guard/twin_checks.hpp"
#include "runtime/python/guard/twin_functions.hpp"
#include "runtime/python/guard/ufuncs.hpp"

#include <set>
#include <string>

namespace xpar::guard {
namespace {

bool s_by_twins = true; // or by patches
// Why it is by twins although this version of CPython has patches; null when it is not, or when it has none.
const char* s_obstacle = "protection has not been configured";
PyTypeObject* s_probe = nullptr;
bool s_is_strict = false;
bool s_scans = false;
bool s_is_in_place = false;
int s_slots_without_gate = 0; // of the types that have been looked at so far

void find_arrays() noexcept {
    PyTypeObject* const array = loaded_type("numpy", "ndarray");
    PyTypeObject* const flat_iterator = loaded_type("numpy", "flatiter");
    PyTypeObject* const scalar = loaded_type("numpy", "generic");
    if (array != nullptr && flat_iterator != nullptr && scalar != nullptr) {
        know_array_types(array, flat_iterator, scalar);
    }
}

void look_for_patches() noexcept {
    s_obstacle = find_patches();
    s_by_twins = !k_has_patches || s_obstacle != nullptr;
}

} // namespace

void enter_zygote(PyObject* tasks, PyObject* consumers) noexcept {
    arm(false); // a context inside a context inherits the armed state of the outer one
    if (s_is_strict || s_scans) {
        keep_free_lists_clean();
    }
    if (!s_is_strict) {
        return;
    }
    if (s_by_twins) {
        install_twins();
        protect_big_buffers();
        s_is_in_place = true;
        return;
    }
    if (const status patched = apply_patches(tasks, consumers); !patched) {
        static std::string reason;
        reason = patched.what();
        s_by_twins = true;
        s_obstacle = reason.c_str();
        PySys_FormatStderr("works run without protection: this system does not let them patch the interpreter (%s)\n",
                           reason.c_str());
        return;
    }
    guard_methods();
    guard_ufuncs();
    guard_memory_functions();
    protect_big_buffers();
    s_is_in_place = watch_instance_dicts(s_probe);
    PyErr_Clear();
}

bool enter_context() noexcept {
    forget_library_objects();
    listen_to_writes();
    const bool entered = !s_is_strict || !s_by_twins || enter_twins();
    arm(s_is_in_place && s_is_strict);
    return entered;
}

PyObject* callee_of_work(PyObject* callable) noexcept {
    return s_by_twins ? checked_callee(callable) : Py_NewRef(callable);
}

PyObject* call_for_user(PyObject*, PyObject* const* arguments, Py_ssize_t count, PyObject* names) noexcept {
    if (count == 0) {
        PyErr_SetString(PyExc_TypeError, "call_for_user() calls a function: it is the first argument");
        return nullptr;
    }
    const reference callee(callee_of_work(arguments[0]));
    const calling_for_user calling;
    return callee ? PyObject_Vectorcall(callee.get(), arguments + 1, static_cast<std::size_t>(count - 1), names)
                  : nullptr;
}

void after_work(std::uint64_t began_ns) noexcept {
    if (s_scans) {
        look_for_escapes_after_work(began_ns);
    }
}

void leave_context() noexcept {
    if (s_scans) {
        look_for_escapes_at_end();
    }
}

PyObject* configure(PyObject*, PyObject* arguments, PyObject* keywords) noexcept {
    static const char* names[] = {"error",          "describe", "exempt",          "mutators", "methods", "probe",
                                  "escape_warning", "own",      "library_folders", "standard", nullptr};
    PyObject* error = nullptr;
    PyObject* describe = nullptr;
    PyObject* exempt = nullptr;
    PyObject* mutators = nullptr;
    PyObject* methods = nullptr;
    PyObject* probe = nullptr;
    PyObject* warning = nullptr;
    PyObject* own = nullptr;
    PyObject* library_folders = nullptr;
    PyObject* standard = nullptr;
    if (PyArg_ParseTupleAndKeywords(arguments, keywords, "$OOO!O!O!O!OO!O!O!", const_cast<char**>(names), &error,
                                    &describe, &PyFrozenSet_Type, &exempt, &PyFrozenSet_Type, &mutators, &PyList_Type,
                                    &methods, &PyType_Type, &probe, &warning, &PyTuple_Type, &own, &PyTuple_Type,
                                    &library_folders, &PyTuple_Type, &standard) == 0 ||
        !know_methods(methods)) {
        return nullptr;
    }
    know_rules(error, describe, exempt, mutators);
    know_paths(own, library_folders, standard);
    know_escape_warning(warning);
    s_probe = reinterpret_cast<PyTypeObject*>(Py_NewRef(probe));
    know_probe(s_probe);
    look_for_patches();
    Py_RETURN_NONE;
}

PyObject* set_projects(PyObject*, PyObject* rules) noexcept {
    if (!PyTuple_Check(rules)) {
        PyErr_SetString(PyExc_TypeError, "rules are a tuple of (path prefix, bool)");
        return nullptr;
    }
    know_projects(rules);
    forget_files();
    Py_RETURN_NONE;
}

PyObject* select_mode(PyObject*, PyObject* arguments) noexcept {
    int is_strict = 0;
    int scans = 0;
    if (PyArg_ParseTuple(arguments, "pp", &is_strict, &scans) == 0) {
        return nullptr;
    }
    s_is_strict = is_strict != 0;
    s_scans = scans != 0;
    bool has_looked = false;
    if (s_is_strict) {
        find_arrays();
        know_ctypes();
        s_slots_without_gate += s_by_twins ? 0 : find_type_slots(s_probe);
        has_looked = find_methods();
        find_ufuncs();
        find_user_modules();
    }
    return PyBool_FromLong(has_looked ? 1 : 0);
}

PyObject* force_twins(PyObject*, PyObject* on) noexcept {
    look_for_patches();
    if (PyObject_IsTrue(on) == 1 && !s_by_twins) {
        s_by_twins = true;
        s_obstacle = "it is not to be patched (a test)";
    }
    Py_RETURN_NONE;
}

PyObject* is_own(PyObject*, PyObject* object) noexcept {
    return PyBool_FromLong(!is_of_main(object));
}

PyObject* missing(PyObject*, PyObject*) noexcept {
    reference found(PyList_New(0));
    std::set<std::string> names = missing_methods();
    if (is_ctypes_unknown()) {
        names.insert("the memory of ctypes' objects");
    }
    for (const std::string& name : names) {
        const reference text(PyUnicode_FromString(name.c_str()));
        if (!found || !text || PyList_Append(found.get(), text.get()) != 0) {
            return nullptr;
        }
    }
    return found.give();
}

PyObject* facts(PyObject*, PyObject*) noexcept {
    return Py_BuildValue("{s:O,s:z,s:O,s:O,s:i}", "by_twins", s_by_twins ? Py_True : Py_False, "obstacle", s_obstacle,
                         "strict", s_is_strict ? Py_True : Py_False, "armed", is_armed() ? Py_True : Py_False,
                         "slots_without_gate", s_slots_without_gate);
}

} // namespace xpar::guard
