// Gives a context heaps of its own: CPython's three allocation domains, and numpy's array data, go to them from here
// on. Two heaps, one budget: `objects` for what is allocated under the GIL (object and mem domains), `buffers` for what
// any thread may ask for (raw domain, numpy), behind a lock. In a context only, once, under the GIL; never undone: the
// process ends instead.
//
// Blocks of the snapshot are known by their address. They are reallocated where they came from, and never freed: a free
// would copy the page it touches, and nothing would ever use the memory.
#pragma once

#include <Python.h>

#include "runtime/base/status.hpp"
#include "runtime/memory/context_heap.hpp"

namespace xpar {

// What a context's heaps say about themselves, in the region. All zeros, but for the budget's limit, before install.
struct context_heaps_shm {
    heap_budget_shm budget;
    heap_counters_shm objects;
    heap_counters_shm buffers;
};

// `limit_error`: the subclass of MemoryError that C code raises for an allocation the limit has refused; borrowed, kept
// for good.
status install_context_allocator(context_heaps_shm& shared, PyObject* limit_error);

// "Was this made in this context?" Always false outside of a context.
bool is_context_memory(const void* place) noexcept;

// Where the objects of this context lie; empty outside of a context.
struct context_range {
    std::uintptr_t begin;
    std::size_t bytes;
};
extern constinit context_range g_context_objects;

// The same for objects only, for whoever asks at every store: under 1 ns.
inline bool is_context_object(const void* object) noexcept {
    return reinterpret_cast<std::uintptr_t>(object) - g_context_objects.begin < g_context_objects.bytes;
}

// Has the limit refused an allocation of this context, and has it not had room to spare since?
bool is_at_heap_limit() noexcept;

// Sends the data of arrays made from here on to the buffers heap, if numpy has been imported. False with an error set.
bool install_numpy_memory();

} // namespace xpar
