// What twins ask about what they are about to call. Methods and functions of C code are known by the table of
// parallel.protection.effects, as in a patched interpreter; here they are found by what the callee is, at each call.
#pragma once

#include <Python.h>

namespace xpar::guard {

// Adds `call` to `checks`: the callee itself when the call can change nothing of the main thread, or one that looks at
// its arguments first. False with an error set.
bool add_call_checks(PyObject* checks) noexcept;

// Is there more to `object.name()` than a method in Python, or one in C that changes nothing of the main thread?
bool method_needs_look(PyObject* object, PyObject* name) noexcept;

// The same for the work of a batch, which C++ calls. New reference.
PyObject* checked_callee(PyObject* callee) noexcept;

// For `_core.guard_know_callees`: a list of (function, type or method; effect; number; keyword or None). Kept for good.
PyObject* know_callees(PyObject* module, PyObject* table) noexcept;

} // namespace xpar::guard
