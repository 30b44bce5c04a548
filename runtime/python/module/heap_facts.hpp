// A context's heaps as Python data: the figures its counters hold, and the census of its objects. Under the GIL.
#pragma once

#include <Python.h>

#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/module/type_census.hpp"

namespace xpar {

// New reference to a dict, or null with an error. Any process may ask, whether the context lives or not.
PyObject* heap_facts_to_python(const context_heaps_shm& heaps);

// New reference to (list of (type name or "", blocks, bytes), complete), or null with an error.
PyObject* census_to_python(const census& counted);

} // namespace xpar
