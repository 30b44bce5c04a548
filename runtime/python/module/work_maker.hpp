// Objects of the Python class `Work`, made with their slots filled: the call of a type and of its __init__ takes three
// times as long, for each of a million works.
#pragma once

#include <Python.h>

namespace xpar {

// know_works(cls, names): the class, and the slots that new_work() fills, in this order.
PyObject* know_works(PyObject* module, PyObject* arguments) noexcept;

// new_work(*values): not tracked by Python's collector (see Work._attach).
PyObject* new_work(PyObject* module, PyObject* const* values, Py_ssize_t count) noexcept;

} // namespace xpar
