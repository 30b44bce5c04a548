// `_core.Batch` as C++ sees it, and its methods by concern. All under the GIL; each gives a new reference, or null with
// an error.
#pragma once

#include <Python.h>

#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/module/engine.hpp"
#include "runtime/schedule/batch.hpp"

#include <sys/types.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace xpar {

struct batch_object {
    PyObject_HEAD PyObject* owned_tasks; // see glue/tasks.hpp; empty once the errors of the batch have been read
    PyObject* owned_consumers;           // list of (xlist, callable)
    batch_shm* shared;                   // in the region; given back with this object
    context_heaps_shm* heaps;            // one a context there may ever be, likewise
    std::uint64_t heap_limit;            // units of each of those it starts with
    // in a context: where its own batch finds `shared` if this one cannot give it back
    std::atomic<region_offset>* nested;
    PyThreadState* thread; // the one that has started it, which is the main thread of every context
    std::uint32_t serial;
    std::uint64_t reports_read;
    pid_t owner_pid; // the process that made it, and alone may give it back
    bool started;
    bool settled; // no process of the batch is left and every work is in a final state
};

inline batch_object* as_batch(PyObject* object) noexcept {
    return reinterpret_cast<batch_object*>(object);
}

// How many units a limit in bytes allows.
constexpr std::uint64_t heap_units(std::uint64_t bytes) noexcept {
    return std::max<std::uint64_t>(bytes / k_unit_bytes, 1);
}

inline batch handle_of(const batch_object* self) {
    engine& e = engine::get();
    return {e.memory(), e.lists(), *self->shared};
}

// batch_life: made, and given back. The works, queues and limits are checked.
PyObject* batch_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords);
void batch_dealloc(PyObject* object);
int batch_traverse(PyObject* object, visitproc visit, void* arg);
// No process of it is left and every work is in a final state: what only running batches hold is let go.
void settle(batch_object* self);

// batch_running: its processes.
PyObject* batch_start(PyObject* object, PyObject*);
PyObject* batch_finish(PyObject* object, PyObject*);
PyObject* batch_forget_tasks(PyObject* object, PyObject*);
PyObject* batch_stop(PyObject* object, PyObject* kill);
PyObject* batch_raise_contexts(PyObject* object, PyObject* arguments);

// batch_works: one work at a time, by its index.
PyObject* batch_work(PyObject* object, PyObject* argument);
PyObject* batch_task(PyObject* object, PyObject* argument);
PyObject* batch_state(PyObject* object, PyObject* argument);
PyObject* batch_news(PyObject* object, PyObject*);
PyObject* batch_value(PyObject* object, PyObject* argument);
PyObject* batch_result(PyObject* object, PyObject* const* arguments, Py_ssize_t count);
PyObject* batch_watch(PyObject* object, PyObject* argument);
PyObject* batch_cancel(PyObject* object, PyObject* argument);
PyObject* batch_interrupt(PyObject* object, PyObject* argument);
PyObject* batch_attempts(PyObject* object, PyObject* argument);
PyObject* batch_consumed(PyObject* object, PyObject* argument);

// batch_reports: what contexts and the zygote have reported.
PyObject* batch_reports(PyObject* object, PyObject* limit);

// batch_contexts: one context at a time, by its slot, and tables of all (see batch_facts).
PyObject* batch_contexts(PyObject* object, PyObject*);
PyObject* batch_timeline(PyObject* object, PyObject* most);
PyObject* batch_works(PyObject* object, PyObject* arguments);
PyObject* batch_counts(PyObject* object, PyObject*);
PyObject* batch_heap(PyObject* object, PyObject* argument);
PyObject* batch_census(PyObject* object, PyObject* arguments);
PyObject* batch_stack(PyObject* object, PyObject* argument);
PyObject* batch_usage(PyObject* object, PyObject* argument);
PyObject* batch_live_bytes(PyObject* object, PyObject* argument);
PyObject* batch_page_map(PyObject* object, PyObject* argument);

} // namespace xpar
