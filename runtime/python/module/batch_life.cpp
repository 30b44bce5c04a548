#include "runtime/python/module/batch_object.hpp"

#include "runtime/process/process_group.hpp"
#include "runtime/python/glue/tasks.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace xpar {
namespace {

bool check_tasks(PyObject* tasks) {
    for (Py_ssize_t i = 0; i < task_count(tasks); ++i) {
        const task of = task_at(tasks, i);
        if (!PyTuple_Check(of.args) || (of.kwds != nullptr && !PyDict_Check(of.kwds))) {
            PyErr_Format(PyExc_TypeError, "task %zd is not a callable, a tuple, and a dict or None", i);
            return false;
        }
    }
    return true;
}

bool queue_ids(PyObject* consumers, std::vector<heap_id>& ids) {
    PyTypeObject* const xlist_type = engine::get().xlist_type;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(consumers); ++i) {
        PyObject* const consumer = PyList_GET_ITEM(consumers, i);
        if (!PyTuple_Check(consumer) || PyTuple_GET_SIZE(consumer) != 2 ||
            PyObject_TypeCheck(PyTuple_GET_ITEM(consumer, 0), xlist_type) == 0) {
            PyErr_Format(PyExc_TypeError, "consumer %zd is not (xlist, callable)", i);
            return false;
        }
        const reference id(PyObject_GetAttrString(PyTuple_GET_ITEM(consumer, 0), "id"));
        if (!id) {
            return false;
        }
        ids.push_back(static_cast<heap_id>(PyLong_AsUnsignedLong(id.get())));
    }
    return true;
}

// `limits`: list of (index, timeout in seconds or 0, retries).
bool set_limits(batch_shm& shared, PyObject* limits) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(limits); ++i) {
        unsigned long long index = 0;
        double seconds = 0;
        unsigned retries = 0;
        if (PyArg_ParseTuple(PyList_GET_ITEM(limits, i), "KdI", &index, &seconds, &retries) == 0) {
            return false;
        }
        if (index >= shared.work_count - shared.queue_count) {
            PyErr_SetString(PyExc_IndexError, "no such work in this batch");
            return false;
        }
        constexpr double k_longest_s = 1e9;
        const double ns = std::clamp(seconds, 0.0, k_longest_s) * 1e9;
        work_limits_shm& of = shared.limits[index];
        of.timeout_ns = seconds > 0 ? std::max<std::uint64_t>(static_cast<std::uint64_t>(ns), 1) : 0;
        of.retries.store(retries, std::memory_order_relaxed);
        if (of.timeout_ns != 0 && (shared.shortest_timeout_ns == 0 || of.timeout_ns < shared.shortest_timeout_ns)) {
            shared.shortest_timeout_ns = of.timeout_ns;
        }
    }
    return true;
}

} // namespace

PyObject* batch_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
    static const char* names[] = {"tasks",  "consumers", "contexts",      "heap_limit",
                                  "limits", "limited",   "most_contexts", nullptr};
    PyObject* tasks = nullptr;
    PyObject* consumers = nullptr;
    PyObject* limits = nullptr;
    int is_limited = 0;
    unsigned contexts = 0;
    unsigned most_contexts = 0;
    unsigned long long heap_limit = std::uint64_t{1} << 36;
    if (PyArg_ParseTupleAndKeywords(arguments, keywords, "O!O!I|KO!pI", const_cast<char**>(names), &PyList_Type, &tasks,
                                    &PyList_Type, &consumers, &contexts, &heap_limit, &PyList_Type, &limits,
                                    &is_limited, &most_contexts) == 0) {
        return nullptr;
    }
    std::vector<heap_id> queues;
    if (contexts == 0) {
        PyErr_SetString(PyExc_ValueError, "a batch needs at least one context");
        return nullptr;
    }
    if (!check_tasks(tasks) || !queue_ids(consumers, queues)) {
        return nullptr;
    }
    reference made(type->tp_alloc(type, 0));
    if (!made) {
        return nullptr;
    }
    engine& e = engine::get();
    batch_object* const self = as_batch(made.get());
    self->owner_pid = getpid();
    self->serial = e.begin_batch();
    const heap_id heap = engine::heap_of_batch(self->serial);
    self->nested = e.is_context() ? e.note_nested_batch(heap) : nullptr;
    if (self->nested != nullptr || !e.is_context()) {
        self->shared = batch::create(e.memory(),
                                     {.works = static_cast<std::uint64_t>(task_count(tasks)),
                                      .contexts = contexts,
                                      .most_contexts = most_contexts,
                                      .queues = queues.data(),
                                      .queue_count = static_cast<std::uint32_t>(queues.size()),
                                      .limits = limits != nullptr && PyList_GET_SIZE(limits) != 0,
                                      .permits = is_limited != 0 ? &e.permits() : nullptr},
                                     heap, e.changed());
    }
    if (self->shared != nullptr) {
        // Labelled with the batch's heap, so it goes with it.
        const std::size_t slots = self->shared->group.most_contexts;
        const region_offset heaps = e.memory().allocate(slots * sizeof(context_heaps_shm), heap);
        if (heaps == 0) {
            batch::destroy(e.memory(), std::exchange(self->shared, nullptr));
        } else {
            self->heaps = e.memory().as<context_heaps_shm>(heaps);
        }
        self->heap_limit = heap_units(heap_limit);
    }
    if (self->shared == nullptr) {
        e.end_batch(self->serial);
        self->settled = true;
        PyErr_Format(PyExc_MemoryError, "the shared region is full: no room for the table of %zd works",
                     task_count(tasks));
        return nullptr;
    }
    if (self->nested != nullptr) {
        // what it refers to is there
        self->nested->store(e.memory().offset_of(self->shared), std::memory_order_release);
    }
    if (limits != nullptr && !set_limits(*self->shared, limits)) {
        return nullptr;
    }
    self->owned_tasks = Py_NewRef(tasks);
    self->owned_consumers = Py_NewRef(consumers);
    return made.give();
}

void settle(batch_object* self) {
    if (self->settled) {
        return;
    }
    self->settled = true;
    engine& e = engine::get();
    if (self->shared->permits != nullptr) {
        reclaim_permits(e.permits(), self->shared->heap_number); // its zygote may have been killed
    }
    e.release_lists_made_by(self->shared->heap_number);
    e.end_batch(self->serial);
}

void batch_dealloc(PyObject* object) {
    batch_object* const self = as_batch(object);
    PyTypeObject* const type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    if (self->shared != nullptr && self->owner_pid == getpid()) {
        engine& e = engine::get();
        if (self->started && !self->settled) {
            // Nobody holds it, so nobody will ask: its processes must be gone before its memory is.
            stop_group(self->shared->group, stop_level::kill);
            reap_group(self->shared->group, true);
            e.outlive_nested_batches(self->shared->heap);
        }
        settle(self);
        e.forget_cursor(self->shared->heap_number);
        e.release_references(self->shared->heap);
        if (self->nested != nullptr) {
            self->nested->store(0, std::memory_order_relaxed); // read when this process is dead
        }
        batch::destroy(e.memory(), self->shared);
    }
    Py_CLEAR(self->owned_tasks);
    Py_CLEAR(self->owned_consumers);
    type->tp_free(object);
    Py_DECREF(type);
}

int batch_traverse(PyObject* object, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(as_batch(object)->owned_tasks);
    Py_VISIT(as_batch(object)->owned_consumers);
    return 0;
}

} // namespace xpar
