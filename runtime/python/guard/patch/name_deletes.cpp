#include "runtime/python/guard/patch/name_deletes.hpp"

#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/glue/tasks.hpp"
#include "runtime/python/guard/frames.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/guard/patch/raw_frame.hpp"

#include <internal/pycore_code.h>
#include <internal/pycore_frame.h>

#include <opcode.h>

#include <unordered_set>

namespace xpar::guard {
namespace {

PyTypeObject* s_deleted_name = nullptr;
PyTypeObject* s_deleted_variable = nullptr;

// No name of a global begins like that, so none is ever found or hidden by the name of a trap.
constexpr char k_variable_prefix[] = "nonlocal ";
constexpr Py_ssize_t k_variable_prefix_length = sizeof k_variable_prefix - 1;

// Anybody may ask a name for its hash: who looks at co_names, or hashes a code object.
bool is_deleting(const _PyInterpreterFrame* frame, PyObject* name) noexcept {
    if (frame == nullptr || _Py_OPCODE(*frame->prev_instr) != DELETE_GLOBAL) {
        return false;
    }
    return PyTuple_GET_ITEM(frame->f_code->co_names, _Py_OPARG(*frame->prev_instr)) == name;
}

Py_hash_t deleted_name_hash(PyObject* name) {
    _PyInterpreterFrame* const frame = current_frame();
    if (is_deleting(frame, name) && !is_context_object(frame->f_globals) &&
        refuses_binding(frame->f_globals, name, "global")) {
        return -1;
    }
    return PyUnicode_Type.tp_hash(name);
}

// Where the free variable that the trap stands for lies in the frame; -1: nowhere.
int place_of_variable(const PyCodeObject* code, PyObject* trap) noexcept {
    const reference name(PyUnicode_Substring(trap, k_variable_prefix_length, PyUnicode_GET_LENGTH(trap)));
    for (int i = code->co_nlocalsplus - code->co_nfreevars; name && i < code->co_nlocalsplus; ++i) {
        if (PyUnicode_Compare(PyTuple_GET_ITEM(code->co_localsplusnames, i), name.get()) == 0) {
            return i;
        }
    }
    return -1;
}

// In place of DELETE_DEREF runs DELETE_GLOBAL with a trap as its name. Asked for its hash, the trap does what was to be
// done, and then puts a global there for the instruction to delete.
Py_hash_t deleted_variable_hash(PyObject* trap) {
    _PyInterpreterFrame* const frame = current_frame();
    const Py_hash_t hash = PyUnicode_Type.tp_hash(trap);
    const int place = is_deleting(frame, trap) ? place_of_variable(frame->f_code, trap) : -1;
    if (place < 0) {
        return PyErr_Occurred() != nullptr ? -1 : hash;
    }
    PyObject* const cell = frame->localsplus[place];
    PyObject* const name = PyTuple_GET_ITEM(frame->f_code->co_localsplusnames, place);
    if (PyCell_GET(cell) == nullptr) {
        PyErr_Format(PyExc_NameError,
                     "cannot access free variable '%U' where it is not associated with a value in enclosing scope",
                     name);
        return -1;
    }
    if (!is_context_object(cell) && refuses_binding(cell, name, "nonlocal")) {
        return -1;
    }
    const reference key(PyUnicode_FromObject(trap)); // the exact type, which keeps the dict fast
    if (!key || PyDict_SetItem(frame->f_globals, key.get(), Py_None) < 0) {
        return -1;
    }
    PyObject* const before = PyCell_GET(cell);
    PyCell_SET(cell, nullptr);
    Py_XDECREF(before);
    return hash;
}

class code_finder {
public:
    void look_at(PyObject* object, int depth = 0) {
        // Most values lead to no code, and to note each of them would take longer than all the rest.
        if (object == nullptr || depth > 8 || !leads_to_code(object) || !m_seen.insert(object).second) {
            return;
        }
        if (PyFunction_Check(object)) {
            look_at_function(*reinterpret_cast<PyFunctionObject*>(object), depth);
        } else if (PyMethod_Check(object)) {
            look_at(reinterpret_cast<PyMethodObject*>(object)->im_func, depth + 1);
        } else if (PyType_Check(object) && is_user_type(reinterpret_cast<PyTypeObject*>(object))) {
            look_at_values(reinterpret_cast<PyTypeObject*>(object)->tp_dict, depth + 1);
        } else if (holds_functions(object)) {
            m_depth = depth + 1;
            Py_TYPE(object)->tp_traverse(object, visit, this); // they hold functions and little else
        }
    }

    void look_at_values(PyObject* dict, int depth) {
        PyObject* key = nullptr;
        PyObject* value = nullptr;
        for (Py_ssize_t at = 0; PyDict_Next(dict, &at, &key, &value) != 0;) {
            look_at(value, depth);
        }
    }

private:
    static bool holds_functions(PyObject* object) {
        return Py_IS_TYPE(object, &PyProperty_Type) || Py_IS_TYPE(object, &PyStaticMethod_Type) ||
               Py_IS_TYPE(object, &PyClassMethod_Type) || PyTuple_CheckExact(object);
    }

    static bool leads_to_code(PyObject* object) {
        return PyFunction_Check(object) || PyMethod_Check(object) || PyType_Check(object) || holds_functions(object);
    }

    static int visit(PyObject* object, void* self_as_void) {
        auto& self = *static_cast<code_finder*>(self_as_void);
        const int depth = self.m_depth;
        self.look_at(object, depth);
        self.m_depth = depth;
        return 0;
    }

    void look_at_function(const PyFunctionObject& function, int depth) {
        auto* const code = reinterpret_cast<PyCodeObject*>(function.func_code);
        if (origin_of(code, function.func_globals) == origin::user) {
            rewrite(code);
        }
        for (Py_ssize_t i = 0; function.func_closure != nullptr && i < PyTuple_GET_SIZE(function.func_closure); ++i) {
            look_at(PyCell_GET(PyTuple_GET_ITEM(function.func_closure, i)), depth + 1); // what a decorator wraps
        }
    }

    void rewrite(PyCodeObject* code) {
        if (!m_seen.insert(reinterpret_cast<PyObject*>(code)).second) {
            return;
        }
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_consts); ++i) {
            if (PyObject* const constant = PyTuple_GET_ITEM(code->co_consts, i); PyCode_Check(constant)) {
                rewrite(reinterpret_cast<PyCodeObject*>(constant));
            }
        }
        const _Py_CODEUNIT* const words = _PyCode_CODE(code);
        for (Py_ssize_t at = 0; at < Py_SIZE(code); ++at) {
            const int opcode = _Py_OPCODE(words[at]); // or the cache of an instruction: see below
            if (opcode == DELETE_GLOBAL || (opcode == DELETE_DEREF && code->co_nfreevars != 0)) {
                rewrite_at_places(code);
                return;
            }
        }
    }

    static void rewrite_at_places(PyCodeObject* code) {
        const reference plain(PyCode_GetCode(code)); // caches are zero in it
        const auto* const bytes =
            plain ? reinterpret_cast<const unsigned char*>(PyBytes_AS_STRING(plain.get())) : nullptr;
        for (Py_ssize_t at = 0; bytes != nullptr && at < Py_SIZE(code); ++at) {
            const Py_ssize_t free_name = PyTuple_GET_SIZE(code->co_names);
            const bool is_wide = at > 0 && bytes[2 * (at - 1)] == EXTENDED_ARG;
            if (is_wide || free_name > 255) {
                continue; // no room for one more name in an argument of one byte: docs/protection.md
            }
            const reference trap(trap_for(code, bytes[2 * at], bytes[2 * at + 1]));
            if (!trap) {
                continue;
            }
            PyObject* const names = PyTuple_New(free_name + 1);
            if (names == nullptr) {
                break;
            }
            for (Py_ssize_t i = 0; i < free_name; ++i) {
                PyTuple_SET_ITEM(names, i, Py_NewRef(PyTuple_GET_ITEM(code->co_names, i)));
            }
            PyTuple_SET_ITEM(names, free_name, Py_NewRef(trap.get()));
            code->co_names = names; // the old ones stay: running frames may hold them
            _PyCode_CODE(code)[at] = static_cast<_Py_CODEUNIT>(_Py_MAKECODEUNIT(DELETE_GLOBAL, free_name));
        }
        PyErr_Clear();
    }

    // Null where there is nothing to stand in for.
    static PyObject* trap_for(const PyCodeObject* code, int opcode, int argument) {
        if (opcode == DELETE_GLOBAL) {
            return PyObject_CallOneArg(reinterpret_cast<PyObject*>(s_deleted_name),
                                       PyTuple_GET_ITEM(code->co_names, argument));
        }
        if (opcode != DELETE_DEREF || argument < code->co_nlocalsplus - code->co_nfreevars) {
            return nullptr; // a variable of the function itself is made with its frame
        }
        const reference name(
            PyUnicode_FromFormat("%s%U", k_variable_prefix, PyTuple_GET_ITEM(code->co_localsplusnames, argument)));
        return name ? PyObject_CallOneArg(reinterpret_cast<PyObject*>(s_deleted_variable), name.get()) : nullptr;
    }

    std::unordered_set<PyObject*> m_seen;
    int m_depth = 0;
};

} // namespace

bool make_deleted_name_types() noexcept {
    if (s_deleted_name != nullptr) {
        return true;
    }
    static PyType_Slot name_slots[] = {{Py_tp_hash, reinterpret_cast<void*>(deleted_name_hash)}, {0, nullptr}};
    static PyType_Spec name_spec = {"parallel._core.deleted_name", 0, 0, Py_TPFLAGS_DEFAULT, name_slots};
    static PyType_Slot variable_slots[] = {{Py_tp_hash, reinterpret_cast<void*>(deleted_variable_hash)}, {0, nullptr}};
    static PyType_Spec variable_spec = {"parallel._core.deleted_variable", 0, 0, Py_TPFLAGS_DEFAULT, variable_slots};
    auto* const text = reinterpret_cast<PyObject*>(&PyUnicode_Type);
    s_deleted_variable = reinterpret_cast<PyTypeObject*>(PyType_FromSpecWithBases(&variable_spec, text));
    s_deleted_name = reinterpret_cast<PyTypeObject*>(PyType_FromSpecWithBases(&name_spec, text));
    return s_deleted_name != nullptr && s_deleted_variable != nullptr;
}

void guard_deletes(PyObject* tasks, PyObject* consumers) noexcept {
    code_finder finder;
    for (Py_ssize_t i = 0; i < task_count(tasks); ++i) {
        finder.look_at(task_at(tasks, i).callable);
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(consumers); ++i) {
        finder.look_at(PyTuple_GET_ITEM(PyList_GET_ITEM(consumers, i), 1));
    }
    for (PyObject* const namespace_of_user : find_user_modules()) {
        finder.look_at_values(namespace_of_user, 0);
    }
}

} // namespace xpar::guard
