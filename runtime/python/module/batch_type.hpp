// `_core.Batch`: works that start together from one snapshot, as a Python type. parallel/_engine.py gives it its
// meaning.
#pragma once

#include <Python.h>

namespace xpar {

// False with an error set.
bool add_batch_type(PyObject* module);

} // namespace xpar
