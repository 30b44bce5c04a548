#define Py_BUILD_CORE 1
#include "runtime/python/guard/name_stores.hpp"

#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/instance_dicts.hpp"
#include "runtime/python/guard/judge.hpp"

#include <internal/pycore_code.h>
#include <internal/pycore_frame.h>

#include <opcode.h>
#include <structmember.h>

#include <cstddef>

namespace xpar::guard {
namespace {

PyObject* s_hook = nullptr;
PyObject* s_displayhook = nullptr;

// The argument of the instruction that runs. It is one byte but in code with more than 256 names or variables; then
// EXTENDED_ARGs come before it, which in the running code cannot be told from the caches of an instruction. In co_code
// caches are zero.
Py_ssize_t argument_of(const _PyInterpreterFrame* frame, bool is_wide) noexcept {
    const _Py_CODEUNIT* const running = frame->prev_instr;
    const Py_ssize_t low = _Py_OPARG(*running);
    if (!is_wide) {
        return low;
    }
    const reference code(PyCode_GetCode(frame->f_code));
    if (!code) {
        return -1;
    }
    const auto* const bytes = reinterpret_cast<const unsigned char*>(PyBytes_AS_STRING(code.get()));
    Py_ssize_t argument = low;
    int shift = 8;
    for (Py_ssize_t at = (running - _PyCode_CODE(frame->f_code)) - 1; at >= 0 && bytes[2 * at] == EXTENDED_ARG; --at) {
        argument |= static_cast<Py_ssize_t>(bytes[2 * at + 1]) << shift;
        shift += 8;
    }
    return argument;
}

PyObject* name_at(const _PyInterpreterFrame* frame) noexcept {
    PyObject* const names = frame->f_code->co_names;
    const Py_ssize_t at = argument_of(frame, PyTuple_GET_SIZE(names) > 256);
    return at >= 0 ? PyTuple_GET_ITEM(names, at) : nullptr;
}

bool store_global(const _PyInterpreterFrame* frame, PyObject* value) noexcept {
    PyObject* const name = name_at(frame);
    if (name == nullptr) {
        return false;
    }
    if (is_of_main(frame->f_globals) && refuses_binding(frame->f_globals, name, "global")) {
        return false;
    }
    return PyDict_SetItem(frame->f_globals, name, value) == 0;
}

bool store_name(const _PyInterpreterFrame* frame, PyObject* value) noexcept {
    PyObject* const name = name_at(frame);
    PyObject* const into = frame->f_locals;
    if (name == nullptr) {
        return false;
    }
    if (into == nullptr) {
        PyErr_Format(PyExc_SystemError, "no locals found when storing %R", name);
        return false;
    }
    if (is_of_main(into) && refuses_binding(into, name, "global")) {
        return false;
    }
    return (PyDict_CheckExact(into) ? PyDict_SetItem(into, name, value) : PyObject_SetItem(into, name, value)) == 0;
}

bool store_deref(_PyInterpreterFrame* frame, PyObject* value) noexcept {
    PyCodeObject* const code = frame->f_code;
    const Py_ssize_t at = argument_of(frame, code->co_nlocalsplus > 256);
    if (at < 0) {
        return false;
    }
    PyObject* const cell = frame->localsplus[at];
    if (!is_context_object(cell) && refuses_binding(cell, PyTuple_GET_ITEM(code->co_localsplusnames, at), "nonlocal")) {
        return false;
    }
    PyObject* const before = PyCell_GET(cell);
    PyCell_SET(cell, Py_NewRef(value));
    Py_XDECREF(before);
    return true;
}

// Benchmark: protection_bench, nonlocal.
PyObject* store_or_display(PyObject*, PyObject* const* arguments, std::size_t count, PyObject* keywords) {
    if (PyVectorcall_NARGS(count) != 1 || keywords != nullptr) {
        PyErr_SetString(PyExc_TypeError, "displayhook() takes exactly one argument");
        return nullptr;
    }
    PyObject* const value = arguments[0];
    _PyInterpreterFrame* const frame = _PyThreadState_UncheckedGet()->cframe->current_frame;
    bool stored = false;
    switch (_Py_OPCODE(*frame->prev_instr)) {
    case STORE_DEREF:
        stored = store_deref(frame, value);
        break;
    case STORE_GLOBAL:
        stored = store_global(frame, value);
        break;
    case STORE_NAME:
        stored = store_name(frame, value);
        break;
    default: {
        const unguarded showing; // it keeps the value as `builtins._`
        return PyObject_CallOneArg(s_displayhook, value);
    }
    }
    if (!stored) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

// An object that is called without the checks that come with a builtin function: 2 ns of 21.
struct hook_object {
    PyObject_HEAD
    vectorcallfunc call;
};

PyMemberDef s_hook_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(hook_object, call), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot s_hook_slots[] = {
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_members, s_hook_members},
    {0, nullptr},
};

PyType_Spec s_hook_spec = {
    "parallel._core.displayhook", static_cast<int>(sizeof(hook_object)), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, s_hook_slots};

} // namespace

bool make_store_hook() noexcept {
    if (s_hook == nullptr) {
        const reference type(PyType_FromSpec(&s_hook_spec));
        s_hook = type ? PyType_GenericAlloc(reinterpret_cast<PyTypeObject*>(type.get()), 0) : nullptr;
        if (s_hook != nullptr) {
            reinterpret_cast<hook_object*>(s_hook)->call = store_or_display;
        }
    }
    return s_hook != nullptr;
}

bool install_store_hook() noexcept {
    PyObject* const before = PySys_GetObject("displayhook");
    if (before == s_hook) {
        return true; // a context inside a context
    }
    Py_XSETREF(s_displayhook, Py_NewRef(before != nullptr ? before : Py_None));
    return PySys_SetObject("displayhook", s_hook) == 0;
}

bool takes_displayhook(PyObject* object, PyObject* name, PyObject* value) noexcept {
    if (!PyModule_CheckExact(object) || !PyUnicode_Check(name) || PyUnicode_CompareWithASCIIString(name, "displayhook") != 0 ||
        PySys_GetObject("displayhook") != s_hook) {
        return false;
    }
    PyObject* const dict = PyModule_GetDict(object);
    if (PyDict_GetItemString(dict, "displayhook") != s_hook) {
        return false;
    }
    Py_XSETREF(s_displayhook, Py_NewRef(value != nullptr ? value : Py_None));
    return true;
}

} // namespace xpar::guard
