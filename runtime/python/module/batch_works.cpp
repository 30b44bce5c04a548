#include "runtime/python/module/batch_object.hpp"

#include "runtime/python/glue/tasks.hpp"

namespace xpar {
namespace {

// The index as an argument, checked against the table.
bool parse_index(const batch_object* self, PyObject* argument, std::uint64_t& index) {
    index = PyLong_AsUnsignedLongLong(argument);
    if (index == static_cast<std::uint64_t>(-1) && PyErr_Occurred() != nullptr) {
        return false;
    }
    if (index >= self->shared->work_count) {
        PyErr_SetString(PyExc_IndexError, "no such work in this batch");
        return false;
    }
    return true;
}

} // namespace

PyObject* batch_work(PyObject* object, PyObject* argument) {
    batch_object* const self = as_batch(object);
    std::uint64_t index = 0;
    if (!parse_index(self, argument, index)) {
        return nullptr;
    }
    const work_view seen = handle_of(self).works().view(index);
    const work_shm& work = self->shared->works[index];
    const long slot = seen.slot == k_no_slot || seen.state == work_state::pending ? -1 : static_cast<long>(seen.slot);
    return Py_BuildValue("(IliKK)", static_cast<unsigned>(seen.state), slot, work.pid.load(std::memory_order_relaxed),
                         work.started_ns.load(std::memory_order_relaxed),
                         work.ended_ns.load(std::memory_order_relaxed));
}

// What the work calls; None when that is not known any more, and for a queue's work.
PyObject* batch_task(PyObject* object, PyObject* argument) {
    std::uint64_t index = 0;
    if (!parse_index(as_batch(object), argument, index)) {
        return nullptr;
    }
    PyObject* const tasks = as_batch(object)->owned_tasks;
    if (static_cast<Py_ssize_t>(index) >= task_count(tasks)) {
        Py_RETURN_NONE;
    }
    const task of = task_at(tasks, static_cast<Py_ssize_t>(index));
    return PyTuple_Pack(3, of.callable, of.args, of.kwds != nullptr ? of.kwds : Py_None);
}

PyObject* batch_state(PyObject* object, PyObject* argument) {
    std::uint64_t index = 0;
    if (!parse_index(as_batch(object), argument, index)) {
        return nullptr;
    }
    return PyLong_FromUnsignedLong(static_cast<unsigned long>(handle_of(as_batch(object)).works().view(index).state));
}

// The works whose end somebody must hear of: those that did not succeed, and those that are watched.
PyObject* batch_news(PyObject* object, PyObject*) {
    const work_table works = handle_of(as_batch(object)).works();
    reference found(PyList_New(0));
    for (std::uint64_t index = 0; found && index < works.size(); ++index) {
        const work_state state = works.view(index).state;
        if (!is_final(state) || (state == work_state::done && !works.is_watched(index))) {
            continue;
        }
        const reference number(PyLong_FromUnsignedLongLong(index));
        if (!number || PyList_Append(found.get(), number.get()) < 0) {
            return nullptr;
        }
    }
    return found.give();
}

// What a final work left: its result, the description of its error, or (crashed, or a queue's work) a plain number.
PyObject* batch_value(PyObject* object, PyObject* argument) {
    batch_object* const self = as_batch(object);
    std::uint64_t index = 0;
    if (!parse_index(self, argument, index)) {
        return nullptr;
    }
    const work_view seen = handle_of(self).works().view(index);
    const std::uint64_t value = self->shared->works[index].result.load(std::memory_order_relaxed);
    if (seen.state == work_state::crashed || value == 0) {
        return PyLong_FromUnsignedLongLong(value);
    }
    if (!is_final(seen.state)) {
        PyErr_SetString(PyExc_RuntimeError, "the work has not ended");
        return nullptr;
    }
    return engine::get().clone_out(value, object);
}

// As value() of a work that is done; of any other, `otherwise`.
PyObject* batch_result(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
    batch_object* const self = as_batch(object);
    std::uint64_t index = 0;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "result(index, otherwise)");
        return nullptr;
    }
    if (!parse_index(self, arguments[0], index)) {
        return nullptr;
    }
    if (handle_of(self).works().view(index).state != work_state::done) {
        return Py_NewRef(arguments[1]);
    }
    const std::uint64_t value = self->shared->works[index].result.load(std::memory_order_relaxed);
    return value == 0 ? PyLong_FromLong(0) : engine::get().clone_out(value, object);
}

PyObject* batch_watch(PyObject* object, PyObject* argument) {
    std::uint64_t index = 0;
    if (!parse_index(as_batch(object), argument, index)) {
        return nullptr;
    }
    return PyBool_FromLong(handle_of(as_batch(object)).works().watch(index));
}

PyObject* batch_cancel(PyObject* object, PyObject* argument) {
    std::uint64_t index = 0;
    if (!parse_index(as_batch(object), argument, index)) {
        return nullptr;
    }
    const batch of = handle_of(as_batch(object));
    const bool cancelled = of.works().cancel_pending(index);
    if (cancelled) {
        of.report_work_ended(index);
    }
    return PyBool_FromLong(cancelled);
}

// Has a running work stopped; it is another question whether it ends before that.
PyObject* batch_interrupt(PyObject* object, PyObject* argument) {
    std::uint64_t index = 0;
    if (!parse_index(as_batch(object), argument, index)) {
        return nullptr;
    }
    return PyBool_FromLong(handle_of(as_batch(object)).stop_work(index, stop_reason::cancelled));
}

PyObject* batch_attempts(PyObject* object, PyObject* argument) {
    batch_object* const self = as_batch(object);
    std::uint64_t index = 0;
    if (!parse_index(self, argument, index)) {
        return nullptr;
    }
    const work_limits_shm* const limits = self->shared->limits;
    const bool has_some = limits != nullptr && index < self->shared->work_count - self->shared->queue_count;
    return PyLong_FromUnsignedLong(has_some ? limits[index].attempts.load(std::memory_order_relaxed) : 0);
}

PyObject* batch_consumed(PyObject* object, PyObject* argument) {
    batch_object* const self = as_batch(object);
    const unsigned long number = PyLong_AsUnsignedLong(argument);
    if (PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    if (number >= self->shared->queue_count) {
        PyErr_SetString(PyExc_IndexError, "no such queue in this batch");
        return nullptr;
    }
    return PyLong_FromUnsignedLongLong(self->shared->queues[number].consumed.load(std::memory_order_relaxed));
}

} // namespace xpar
