#include "runtime/python/module/batch_object.hpp"

#include "runtime/python/glue/gil.hpp"
#include "runtime/python/module/context_program.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace xpar {
namespace {

class signals_blocked {
public:
    signals_blocked() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &m_before);
    }
    ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &m_before, nullptr); }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

private:
    sigset_t m_before;
};

} // namespace

PyObject* batch_start(PyObject* object, PyObject*) {
    batch_object* const self = as_batch(object);
    if (self->started) {
        PyErr_SetString(PyExc_RuntimeError, "the batch has been started");
        return nullptr;
    }
    // The hooks of fork are Python code, so signals are handled in them, and what a handler raises there is lost, with
    // the rest of the hook: those that have come are handled now, others after the fork.
    const signals_blocked until_forked;
    if (PyErr_CheckSignals() < 0) {
        return nullptr;
    }
    const batch of = handle_of(self);
    context_program runs(of, self->owned_tasks, self->owned_consumers, self->heaps, self->heap_limit);
    self->started = true;
    self->thread = PyThreadState_Get();
    if (const status forked = start_group(self->shared->group, runs); !forked) {
        settle(self);
        of.settle_rest(k_crash_no_context | static_cast<std::uint32_t>(forked.code()));
        self->shared->group.state.store(group_state::ended, std::memory_order_release);
        errno = forked.code();
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    Py_RETURN_NONE;
}

// Brings the batch to its end if its processes have ended. True when it is settled.
PyObject* batch_finish(PyObject* object, PyObject*) {
    batch_object* const self = as_batch(object);
    if (self->settled || !self->started) {
        return PyBool_FromLong(self->settled);
    }
    const batch of = handle_of(self);
    const bool ended = of.ended();
    reap_result zygote = reap_result::alive;
    {
        // An ended zygote is in its last system call.
        const gil_release unlocked;
        zygote = reap_group(self->shared->group, ended);
        if (zygote != reap_result::alive && self->owner_pid == getpid()) {
            engine::get().outlive_nested_batches(self->shared->heap);
        }
    }
    if (zygote == reap_result::alive) {
        Py_RETURN_FALSE;
    }
    if (self->settled) { // by another thread, while this one waited
        Py_RETURN_TRUE;
    }
    if (!of.ended()) {
        if (self->owner_pid != getpid()) {
            Py_RETURN_FALSE; // not a child of this process: its parent will settle it
        }
        // Dead, whoever reaped it, and its contexts with it.
        of.settle_rest(k_crash_no_zygote);
        self->shared->group.state.store(group_state::ended, std::memory_order_release);
    }
    settle(self);
    Py_RETURN_TRUE;
}

// Arguments can be large, results stay.
PyObject* batch_forget_tasks(PyObject* object, PyObject*) {
    PyObject* const none = PyList_New(0);
    if (none == nullptr) {
        return nullptr;
    }
    Py_SETREF(as_batch(object)->owned_tasks, none);
    Py_RETURN_NONE;
}

PyObject* batch_stop(PyObject* object, PyObject* kill) {
    const int now = PyObject_IsTrue(kill);
    if (now < 0) {
        return nullptr;
    }
    if (as_batch(object)->started) {
        stop_group(as_batch(object)->shared->group, now != 0 ? stop_level::kill : stop_level::interrupt);
    }
    Py_RETURN_NONE;
}

// Under the engine's lock, as batch_start: nobody else raises the number meanwhile.
PyObject* batch_raise_contexts(PyObject* object, PyObject* arguments) {
    const batch_object* const self = as_batch(object);
    unsigned contexts = 0;
    unsigned long long heap_limit = 0;
    if (PyArg_ParseTuple(arguments, "IK", &contexts, &heap_limit) == 0) {
        return nullptr;
    }
    process_group_shm& group = self->shared->group;
    const batch of = handle_of(self);
    if (!self->started || self->settled || of.stopping()) {
        Py_RETURN_NONE;
    }
    const std::uint32_t useful = std::min(of.useful_contexts(contexts), group.most_contexts);
    const std::uint64_t units = heap_units(heap_limit);
    for (std::uint32_t slot = group.context_count.load(); slot < useful; ++slot) {
        self->heaps[slot].budget.limit.store(units, std::memory_order_relaxed); // published by the number
    }
    raise_contexts(group, useful);
    Py_RETURN_NONE;
}

} // namespace xpar
