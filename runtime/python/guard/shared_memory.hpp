// Memory that processes share is no copy: what a context writes there the main thread sees, so it is no loss.
#pragma once

#include <Python.h>

namespace xpar::guard {

// Does the object offer a buffer that lies in a shared mapping (mmap, multiprocessing.shared_memory, Value, Array)?
bool shows_shared_memory(PyObject* object) noexcept;

} // namespace xpar::guard
