// A callee that looks at its arguments before it is called. To whoever looks at it, it is the callee.
#pragma once

#include <Python.h>

namespace xpar::guard {

bool is_checked_call(PyObject* object) noexcept;

// New reference, or null with an error.
PyObject* make_checked_call(PyObject* callee) noexcept;

// `callee` itself when a call of it can change nothing of the main thread, or one that looks first. New reference.
PyObject* checked_callee(PyObject* callee) noexcept;

// Adds `call` to `checks`: checked_callee() for twins. False with an error set.
bool add_call_checks(PyObject* checks) noexcept;

} // namespace xpar::guard
