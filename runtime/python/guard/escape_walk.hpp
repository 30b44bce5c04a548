// The search for containers of the main thread that hold what this context has made.
#pragma once

#include <Python.h>

#include <cstdint>

namespace xpar::guard {

// Until the thread has used the processor up to `until_ns`. A list of tuples, one a container that has not been told of
// before: the dict of a module, then what leads from there to the container, which comes last. Null with an error set.
// Benchmark: protection_bench, search.
PyObject* find_escapes(std::uint64_t until_ns) noexcept;

} // namespace xpar::guard
