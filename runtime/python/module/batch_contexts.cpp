#include "runtime/python/module/batch_object.hpp"

#include "runtime/python/glue/gil.hpp"
#include "runtime/python/module/batch_facts.hpp"
#include "runtime/python/module/heap_facts.hpp"
#include "runtime/python/module/running_stack.hpp"

#include <algorithm>

namespace xpar {
namespace {

// The slot as an argument, checked against the group.
bool parse_slot(const batch_object* self, PyObject* argument, std::uint32_t& slot) {
    const unsigned long number = PyLong_AsUnsignedLong(argument);
    if (PyErr_Occurred() != nullptr) {
        return false;
    }
    if (number >= self->shared->group.context_count) {
        PyErr_SetString(PyExc_IndexError, "no such context in this batch");
        return false;
    }
    slot = static_cast<std::uint32_t>(number);
    return true;
}

} // namespace

PyObject* batch_contexts(PyObject* object, PyObject*) {
    return contexts_to_python(handle_of(as_batch(object)));
}

PyObject* batch_timeline(PyObject* object, PyObject* most) {
    const unsigned long long number = PyLong_AsUnsignedLongLong(most);
    if (PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    if (number == 0) {
        PyErr_SetString(PyExc_ValueError, "a lane has room for at least one bar");
        return nullptr;
    }
    return timeline_to_python(handle_of(as_batch(object)), number);
}

PyObject* batch_works(PyObject* object, PyObject* arguments) {
    unsigned states = 0;
    unsigned long long most = 0;
    if (PyArg_ParseTuple(arguments, "IK", &states, &most) == 0) {
        return nullptr;
    }
    return works_to_python(handle_of(as_batch(object)), states, most);
}

PyObject* batch_counts(PyObject* object, PyObject*) {
    return counts_to_python(handle_of(as_batch(object)));
}

PyObject* batch_heap(PyObject* object, PyObject* argument) {
    std::uint32_t slot = 0;
    return parse_slot(as_batch(object), argument, slot) ? heap_facts_to_python(as_batch(object)->heaps[slot]) : nullptr;
}

PyObject* batch_census(PyObject* object, PyObject* arguments) {
    PyObject* number = nullptr;
    double patience = 0;
    std::uint32_t slot = 0;
    if (PyArg_ParseTuple(arguments, "Od", &number, &patience) == 0 || !parse_slot(as_batch(object), number, slot)) {
        return nullptr;
    }
    const batch_object* const self = as_batch(object);
    const pid_t pid = self->shared->group.contexts[slot].pid.load(std::memory_order_relaxed);
    if (pid <= 0) {
        Py_RETURN_NONE; // it has left its last census, if any
    }
    census counted;
    {
        const gil_release unlocked;
        process_reader there(pid);
        counted =
            take_census(there, self->heaps[slot].objects, static_cast<std::uint64_t>(std::max(patience, 0.0) * 1e9));
    }
    return census_to_python(counted);
}

PyObject* batch_stack(PyObject* object, PyObject* argument) {
    const batch_object* const self = as_batch(object);
    std::uint32_t slot = 0;
    if (!parse_slot(self, argument, slot)) {
        return nullptr;
    }
    const pid_t pid = self->shared->group.contexts[slot].pid.load(std::memory_order_relaxed);
    if (pid <= 0 || self->thread == nullptr) {
        Py_RETURN_NONE;
    }
    process_reader there(pid);
    return read_stack(there, self->thread);
}

PyObject* batch_usage(PyObject* object, PyObject* argument) {
    const batch_object* const self = as_batch(object);
    std::uint32_t slot = 0;
    return parse_slot(self, argument, slot) ? usage_to_python(handle_of(self), slot, self->heaps[slot]) : nullptr;
}

PyObject* batch_live_bytes(PyObject* object, PyObject* argument) {
    std::uint32_t slot = 0;
    return parse_slot(as_batch(object), argument, slot)
               ? PyLong_FromUnsignedLongLong(live_bytes(as_batch(object)->heaps[slot]))
               : nullptr;
}

PyObject* batch_page_map(PyObject* object, PyObject* argument) {
    const batch_object* const self = as_batch(object);
    std::uint32_t slot = 0;
    if (!parse_slot(self, argument, slot)) {
        return nullptr;
    }
    const pid_t pid = self->shared->group.contexts[slot].pid.load(std::memory_order_relaxed);
    if (pid <= 0) {
        Py_RETURN_NONE; // it has left its last one with its census, if any
    }
    return page_map_to_python(pid, self->heaps[slot]);
}

} // namespace xpar
