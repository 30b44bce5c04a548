// What a batch tells of its works and contexts, as Python data: tables as packed bytes, since a batch may have a
// million works. Any process may ask, whether the batch runs or has ended. Under the GIL.
#pragma once

#include <Python.h>

#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/schedule/batch.hpp"

#include <cstdint>
#include <optional>

namespace xpar {

// Each returns a new reference, or null with an error.

// bytes: timeline_bar after timeline_bar, of `most` bars for each context.
PyObject* timeline_to_python(const batch& of, std::uint64_t most);

// bytes: work_record after work_record, see select_works.
PyObject* works_to_python(const batch& of, std::uint32_t states, std::uint64_t most);

// A tuple: works in each state, by the state's number.
PyObject* counts_to_python(const batch& of);

// A dict of facts for each context.
PyObject* contexts_to_python(const batch& of);

// (processor time in seconds, bytes copied of the snapshot or None) of the process that runs in a slot now; None
// without one.
PyObject* usage_to_python(const batch& of, std::uint32_t slot, const context_heaps_shm& heaps);

// Private memory of `pid` that its heaps do not hold; nothing when it cannot be read.
std::optional<std::uint64_t> copied_bytes(pid_t pid, const context_heaps_shm& heaps);

// Bytes in use by the works of a context.
std::uint64_t live_bytes(const context_heaps_shm& heaps) noexcept;

// A list of the shares that live blocks take, see map_heaps; empty when there is no heap.
PyObject* page_map_to_python(pid_t pid, const context_heaps_shm& heaps);

} // namespace xpar
