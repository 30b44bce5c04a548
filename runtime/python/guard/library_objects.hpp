// Which objects of the main thread belong to libraries: what can be reached from their modules without passing through
// what is the user's. Caches, registries, loggers and streams are among them; libraries may write to those in a
// context.
#pragma once

#include <Python.h>

namespace xpar::guard {

// The first call in a process walks all that libraries hold, 10 ms for each 200,000 objects; only a store by library
// code into an object of the main thread asks.
bool is_library_object(PyObject* object) noexcept;

// In a new context: the next call walks again, an outer context's objects count now.
void forget_library_objects() noexcept;

} // namespace xpar::guard
