#include "runtime/python/module/batch_type.hpp"

#include "runtime/python/glue/type_slot.hpp"
#include "runtime/python/module/batch_object.hpp"

namespace xpar {
namespace {

PyObject* batch_ended_count(PyObject* object, void*) {
    batch_object* const self = as_batch(object);
    std::uint64_t sum = 0;
    for (std::uint32_t slot = 0; slot < self->shared->group.context_count; ++slot) {
        sum += self->shared->group.contexts[slot].works_ended.load(std::memory_order_relaxed);
    }
    return PyLong_FromUnsignedLongLong(sum);
}

PyObject* batch_started(PyObject* object, void*) {
    return PyBool_FromLong(as_batch(object)->started);
}
PyObject* batch_ended(PyObject* object, void*) {
    return PyBool_FromLong(handle_of(as_batch(object)).ended());
}
PyObject* batch_settled(PyObject* object, void*) {
    return PyBool_FromLong(as_batch(object)->settled);
}
PyObject* batch_serial(PyObject* object, void*) {
    return PyLong_FromUnsignedLong(as_batch(object)->serial);
}
PyObject* batch_zygote_pid(PyObject* object, void*) {
    return PyLong_FromLong(as_batch(object)->shared->group.zygote_pid.load(std::memory_order_relaxed));
}

PyMethodDef s_methods[] = {
    {"start", batch_start, METH_NOARGS, PyDoc_STR("Take the snapshot and start. Raises OSError when fork fails.")},
    {"finish", batch_finish, METH_NOARGS, PyDoc_STR("Reap the batch if it has ended. True once it is settled.")},
    {"forget_tasks", batch_forget_tasks, METH_NOARGS,
     PyDoc_STR("Let go what the works have called, once they have ended.")},
    {"stop", batch_stop, METH_O,
     PyDoc_STR("stop(kill): interrupt the running works, or kill the contexts; begin no more works.")},
    {"raise_contexts", batch_raise_contexts, METH_VARARGS,
     PyDoc_STR("raise_contexts(contexts, heap_limit): have up to that many from now on, as far as they find work; "
               "the new ones have this heap_limit")},
    {"work", batch_work, METH_O, PyDoc_STR("work(index) -> (state, slot or -1, pid, started_ns, ended_ns)")},
    {"task", batch_task, METH_O,
     PyDoc_STR("task(index) -> (callable, args, kwds or None), or None when it is forgotten")},
    {"state", batch_state, METH_O, PyDoc_STR("state(index) -> the work's state as a number")},
    {"value", batch_value, METH_O, PyDoc_STR("value(index) -> what the ended work left")},
    {"result", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(batch_result)), METH_FASTCALL,
     PyDoc_STR("result(index, otherwise) -> what the work returned if it is done")},
    {"watch", batch_watch, METH_O, PyDoc_STR("watch(index): report its end; True when it has ended already")},
    {"news", batch_news, METH_NOARGS,
     PyDoc_STR("news() -> indices of ended works that are watched or did not succeed")},
    {"cancel", batch_cancel, METH_O, PyDoc_STR("cancel(index) -> True if it had not begun")},
    {"interrupt", batch_interrupt, METH_O,
     PyDoc_STR("interrupt(index) -> True if a context runs it, which is told to stop")},
    {"attempts", batch_attempts, METH_O, PyDoc_STR("attempts(index) -> how often it has failed and was run again")},
    {"consumed", batch_consumed, METH_O, PyDoc_STR("consumed(queue) -> items its consumer has taken without an error")},
    {"reports", batch_reports, METH_O, PyDoc_STR("reports(limit) -> the next reports, as tuples")},
    {"heap", batch_heap, METH_O, PyDoc_STR("heap(slot) -> the figures of a context's heap, as a dict")},
    {"census", batch_census, METH_VARARGS,
     PyDoc_STR(
         "census(slot, seconds) -> ([(type, blocks, bytes)], complete) of a running context; None when it has none")},
    {"page_map", batch_page_map, METH_O,
     PyDoc_STR("page_map(slot) -> the share of each cell of a running context's heaps that is in use; None when it has "
               "none")},
    {"live_bytes", batch_live_bytes, METH_O, PyDoc_STR("live_bytes(slot) -> bytes in use in a context's heaps")},
    {"stack", batch_stack, METH_O,
     PyDoc_STR(
         "stack(slot) -> (file, function, first line, line table, instruction, instructions) of each call of a running "
         "context, innermost first; None when there is none")},
    {"usage", batch_usage, METH_O,
     PyDoc_STR("usage(slot) -> (processor seconds, bytes copied of the snapshot) of a running context; None when there "
               "is none")},
    {"timeline", batch_timeline, METH_O,
     PyDoc_STR("timeline(most) -> at most that many bars for each context, packed")},
    {"works", batch_works, METH_VARARGS,
     PyDoc_STR("works(states, most) -> works whose state is in the mask, packed; those most worth telling when there "
               "are more")},
    {"counts", batch_counts, METH_NOARGS, PyDoc_STR("counts() -> works in each state, by the state's number")},
    {"contexts", batch_contexts, METH_NOARGS, PyDoc_STR("contexts() -> a dict of facts for each context")},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef s_properties[] = {
    {"started", batch_started, nullptr, PyDoc_STR("The snapshot has been taken, or fork has failed."), nullptr},
    {"ended", batch_ended, nullptr, PyDoc_STR("No context is left; the zygote is gone or going."), nullptr},
    {"settled", batch_settled, nullptr, PyDoc_STR("No process is left and every work is in a final state."), nullptr},
    {"serial", batch_serial, nullptr, PyDoc_STR("Batches count up in the order of their snapshots."), nullptr},
    {"works_ended", batch_ended_count, nullptr, PyDoc_STR("Works and items its contexts have brought to an end."),
     nullptr},
    {"zygote_pid", batch_zygote_pid, nullptr, PyDoc_STR("The zygote's process number; 0 when it has been reaped."),
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

} // namespace

bool add_batch_type(PyObject* module) {
    static PyType_Slot slots[] = {
        {Py_tp_new, slot(batch_new)}, {Py_tp_dealloc, slot(batch_dealloc)}, {Py_tp_traverse, slot(batch_traverse)},
        {Py_tp_methods, s_methods},   {Py_tp_getset, s_properties},         {0, nullptr},
    };
    static PyType_Spec spec = {"parallel._core.Batch", static_cast<int>(sizeof(batch_object)), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots};
    auto* const type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    return type != nullptr && PyModule_AddType(module, type) == 0;
}

} // namespace xpar
