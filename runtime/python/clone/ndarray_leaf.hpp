// Numpy arrays that pickle would copy into its stream are helped to leave it, so that every array is read back in
// place. numpy itself is neither linked nor imported: an array in hand means that it is there. Private to this folder;
// needs the GIL.
#pragma once

#include <Python.h>

namespace xpar::clone {

// For pickle's reducer_override: new reference to NotImplemented (pickle does it as usual), to a reduce value, or an
// error.
PyObject* reduce_ndarray(PyObject* object) noexcept;

} // namespace xpar::clone
