// Twins bind global, nonlocal and exec'd names, and do `x.a += v`, through objects of these types: the statement stays
// a statement, with all kinds of targets, and the check comes right before the store.
#pragma once

#include <Python.h>

namespace xpar::guard {

// Adds them to `checks`, a dict of str. False with an error set.
bool add_name_checks(PyObject* checks) noexcept;

} // namespace xpar::guard
