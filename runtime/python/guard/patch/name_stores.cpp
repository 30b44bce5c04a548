#include "runtime/python/guard/patch/name_stores.hpp"

#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/instance_dicts.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/guard/patch/raw_frame.hpp"

#include <internal/pycore_code.h>
#include <internal/pycore_frame.h>

#include <opcode.h>

namespace xpar::guard {
namespace {

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

PyObject* display(PyObject* value) noexcept {
    PyObject* const hook = PySys_GetObject("displayhook");
    if (hook == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "lost sys.displayhook");
        return nullptr;
    }
    const unguarded showing; // it keeps the value as `builtins._`
    return PyObject_CallOneArg(hook, value);
}

} // namespace

// Benchmark: protection_bench, nonlocal.
PyObject* store_or_display(PyObject*, PyObject* value) noexcept {
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
    default:
        return display(value);
    }
    return stored ? Py_NewRef(Py_None) : nullptr;
}

} // namespace xpar::guard
