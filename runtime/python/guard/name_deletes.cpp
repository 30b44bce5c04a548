#define Py_BUILD_CORE 1
#include "runtime/python/guard/name_deletes.hpp"

#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/glue/tasks.hpp"
#include "runtime/python/guard/frames.hpp"
#include "runtime/python/guard/judge.hpp"

#include <internal/pycore_code.h>
#include <internal/pycore_frame.h>

#include <opcode.h>

#include <unordered_set>

namespace xpar::guard {
namespace {

PyTypeObject* s_deleted_name = nullptr;

Py_hash_t deleted_name_hash(PyObject* name) {
    _PyInterpreterFrame* const frame = current_frame();
    if (frame != nullptr && !is_context_object(frame->f_globals) && refuses_binding(frame->f_globals, name, "global")) {
        return -1;
    }
    return PyUnicode_Type.tp_hash(name);
}

class code_finder {
public:
    void look_at(PyObject* object, int depth = 0) {
        if (object == nullptr || depth > 8 || !m_seen.insert(object).second) {
            return;
        }
        if (PyFunction_Check(object)) {
            look_at_function(*reinterpret_cast<PyFunctionObject*>(object), depth);
        } else if (PyMethod_Check(object)) {
            look_at(reinterpret_cast<PyMethodObject*>(object)->im_func, depth + 1);
        } else if (PyType_Check(object) && is_user_type(reinterpret_cast<PyTypeObject*>(object))) {
            look_at_values(reinterpret_cast<PyTypeObject*>(object)->tp_dict, depth + 1);
        } else if (Py_IS_TYPE(object, &PyProperty_Type) || Py_IS_TYPE(object, &PyStaticMethod_Type) ||
                   Py_IS_TYPE(object, &PyClassMethod_Type) || PyTuple_CheckExact(object)) {
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
            if (_Py_OPCODE(words[at]) == DELETE_GLOBAL) { // or the cache of an instruction: see below
                rewrite_at_places(code);
                return;
            }
        }
    }

    static void rewrite_at_places(PyCodeObject* code) {
        const reference plain(PyCode_GetCode(code)); // caches are zero in it
        const auto* const bytes = plain ? reinterpret_cast<const unsigned char*>(PyBytes_AS_STRING(plain.get())) : nullptr;
        for (Py_ssize_t at = 0; bytes != nullptr && at < Py_SIZE(code); ++at) {
            const Py_ssize_t free_name = PyTuple_GET_SIZE(code->co_names);
            const bool is_wide = at > 0 && bytes[2 * (at - 1)] == EXTENDED_ARG;
            if (bytes[2 * at] != DELETE_GLOBAL || is_wide || free_name > 255) {
                continue; // no room for one more name in an argument of one byte: docs/protection.md
            }
            PyObject* const name = PyTuple_GET_ITEM(code->co_names, bytes[2 * at + 1]);
            PyObject* const trap = PyObject_CallOneArg(reinterpret_cast<PyObject*>(s_deleted_name), name);
            PyObject* const names = trap != nullptr ? PyTuple_New(free_name + 1) : nullptr;
            if (names == nullptr) {
                break;
            }
            for (Py_ssize_t i = 0; i < free_name; ++i) {
                PyTuple_SET_ITEM(names, i, Py_NewRef(PyTuple_GET_ITEM(code->co_names, i)));
            }
            PyTuple_SET_ITEM(names, free_name, trap);
            code->co_names = names; // the old ones stay: running frames may hold them
            _PyCode_CODE(code)[at] = static_cast<_Py_CODEUNIT>(_Py_MAKECODEUNIT(DELETE_GLOBAL, free_name));
        }
        PyErr_Clear();
    }

    std::unordered_set<PyObject*> m_seen;
    int m_depth = 0;
};

} // namespace

bool make_deleted_name_type() noexcept {
    if (s_deleted_name != nullptr) {
        return true;
    }
    static PyType_Slot slots[] = {{Py_tp_hash, reinterpret_cast<void*>(deleted_name_hash)}, {0, nullptr}};
    static PyType_Spec spec = {"parallel._core.deleted_name", 0, 0, Py_TPFLAGS_DEFAULT, slots};
    PyObject* const made = PyType_FromSpecWithBases(&spec, reinterpret_cast<PyObject*>(&PyUnicode_Type));
    s_deleted_name = reinterpret_cast<PyTypeObject*>(made);
    return s_deleted_name != nullptr;
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
