#include "runtime/python/module/batch_type.hpp"

#include "runtime/python/glue/gil.hpp"
#include "runtime/python/module/batch_facts.hpp"
#include "runtime/python/module/context_program.hpp"
#include "runtime/python/module/engine.hpp"
#include "runtime/python/module/heap_facts.hpp"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <utility>
#include <algorithm>
#include <vector>

namespace xpar {
namespace {

struct batch_object {
    PyObject_HEAD
    PyObject* owned_tasks;     // list of (callable, args, kwds); emptied once the batch has ended
    PyObject* owned_consumers; // list of (xlist, callable)
    batch_shm* shared;         // in the region; given back with this object
    context_heaps_shm* heaps;  // one a context, likewise
    std::uint64_t heap_limit;  // units of each
    std::atomic<region_offset>* nested; // in a context: where its own batch finds `shared` if this one cannot give it back
    std::uint32_t serial;
    std::uint64_t reports_read;
    pid_t owner_pid; // the process that made it, and alone may give it back
    bool started;
    bool settled; // no process of the batch is left and every work is in a final state
};

batch_object* as_batch(PyObject* object) noexcept { return reinterpret_cast<batch_object*>(object); }

batch handle_of(const batch_object* self) {
    engine& e = engine::get();
    return {e.memory(), e.lists(), *self->shared};
}

// ---- life --------------------------------------------------------------------------------------------------------------------

bool check_tasks(PyObject* tasks) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(tasks); ++i) {
        PyObject* const task = PyList_GET_ITEM(tasks, i);
        if (!PyTuple_Check(task) || PyTuple_GET_SIZE(task) != 3 || !PyTuple_Check(PyTuple_GET_ITEM(task, 1)) ||
            (PyTuple_GET_ITEM(task, 2) != Py_None && !PyDict_Check(PyTuple_GET_ITEM(task, 2)))) {
            PyErr_Format(PyExc_TypeError, "task %zd is not (callable, tuple, dict or None)", i);
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

PyObject* batch_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
    static const char* names[] = {"tasks", "consumers", "contexts", "heap_limit", "limits", "limited", nullptr};
    PyObject* tasks = nullptr;
    PyObject* consumers = nullptr;
    PyObject* limits = nullptr;
    int is_limited = 0;
    unsigned contexts = 0;
    unsigned long long heap_limit = std::uint64_t{1} << 36;
    if (PyArg_ParseTupleAndKeywords(arguments, keywords, "O!O!I|KO!p", const_cast<char**>(names), &PyList_Type,
                                    &tasks, &PyList_Type, &consumers, &contexts, &heap_limit, &PyList_Type, &limits,
                                    &is_limited) == 0) {
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
                                     {.works = static_cast<std::uint64_t>(PyList_GET_SIZE(tasks)),
                                      .contexts = contexts,
                                      .queues = queues.data(),
                                      .queue_count = static_cast<std::uint32_t>(queues.size()),
                                      .limits = limits != nullptr && PyList_GET_SIZE(limits) != 0,
                                      .permits = is_limited != 0 ? &e.permits() : nullptr},
                                     heap, e.changed());
    }
    if (self->shared != nullptr) {
        // Labelled with the batch's heap, so it goes with it.
        const region_offset heaps = e.memory().allocate(contexts * sizeof(context_heaps_shm), heap);
        if (heaps == 0) {
            batch::destroy(e.memory(), std::exchange(self->shared, nullptr));
        } else {
            self->heaps = e.memory().as<context_heaps_shm>(heaps);
        }
        self->heap_limit = std::max<std::uint64_t>(heap_limit / k_unit_bytes, 1);
    }
    if (self->shared == nullptr) {
        e.end_batch(self->serial);
        self->settled = true;
        PyErr_Format(PyExc_MemoryError, "the shared region is full: no room for the table of %zd works",
                     PyList_GET_SIZE(tasks));
        return nullptr;
    }
    if (self->nested != nullptr) {
        self->nested->store(e.memory().offset_of(self->shared), std::memory_order_release); // what it refers to is there
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

// ---- running -----------------------------------------------------------------------------------------------------------------

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

PyObject* batch_start(PyObject* object, PyObject*) {
    batch_object* const self = as_batch(object);
    if (self->started) {
        PyErr_SetString(PyExc_RuntimeError, "the batch has been started");
        return nullptr;
    }
    // The hooks of fork are Python code, so signals are handled in them, and what a handler raises there is lost, with the
    // rest of the hook: those that have come are handled now, others after the fork.
    const signals_blocked until_forked;
    if (PyErr_CheckSignals() < 0) {
        return nullptr;
    }
    const batch of = handle_of(self);
    context_program runs(of, self->owned_tasks, self->owned_consumers, self->heaps, self->heap_limit);
    self->started = true;
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
    Py_SETREF(self->owned_tasks, PyList_New(0)); // arguments can be large, results stay
    Py_RETURN_TRUE;
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

// ---- works -------------------------------------------------------------------------------------------------------------------

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
                         work.started_ns.load(std::memory_order_relaxed), work.ended_ns.load(std::memory_order_relaxed));
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

// ---- reports and contexts ----------------------------------------------------------------------------------------------------

PyObject* report_to_python(PyObject* object, std::uint64_t report) {
    if (kind_of(report) == report_kind::work_ended) {
        return Py_BuildValue("(sK)", "ended", static_cast<unsigned long long>(work_of(report)));
    }
    engine& e = engine::get();
    const auto* const record = e.memory().as<const report_record_shm>(record_of(report));
    const auto subject = static_cast<unsigned long long>(record->subject);
    std::uint64_t value = 0;
    switch (record->kind) {
    case record_kind::stdout_text:
    case record_kind::stderr_text:
        return Py_BuildValue("(sKN)", record->kind == record_kind::stdout_text ? "stdout" : "stderr", subject,
                             PyUnicode_DecodeUTF8(record->body(), static_cast<Py_ssize_t>(record->size), "replace"));
    case record_kind::last_output:
        return Py_BuildValue("(sKN)", "last_output", subject,
                             PyUnicode_DecodeUTF8(record->body(), static_cast<Py_ssize_t>(record->size), "replace"));
    case record_kind::message:
        std::memcpy(&value, record->body(), sizeof value);
        return Py_BuildValue("(sKN)", "message", subject, e.clone_out(value, object));
    case record_kind::item_failed:
        std::memcpy(&value, record->body(), sizeof value);
        return Py_BuildValue("(sKN)", "item_failed", subject, e.clone_out(value, object));
    case record_kind::item_crashed:
        std::memcpy(&value, record->body(), sizeof value);
        return Py_BuildValue("(sKK)", "item_crashed", subject, static_cast<unsigned long long>(value));
    case record_kind::heap_census:
        std::memcpy(&value, record->body(), sizeof value);
        return Py_BuildValue("(sKN)", "heap_census", subject, e.clone_out(value, object));
    }
    PyErr_SetString(PyExc_SystemError, "unknown report of a batch");
    return nullptr;
}

PyObject* batch_reports(PyObject* object, PyObject* limit) {
    batch_object* const self = as_batch(object);
    unsigned long long left = PyLong_AsUnsignedLongLong(limit);
    if (PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    reference read(PyList_New(0));
    const interlocked_list reports = handle_of(self).reports();
    for (; read && left > 0; --left) {
        const std::uint64_t report = reports.load(self->reports_read);
        if (report == k_empty) {
            break;
        }
        ++self->reports_read;
        const reference item(report_to_python(object, report));
        if (!item || PyList_Append(read.get(), item.get()) < 0) {
            return nullptr;
        }
    }
    return read.give();
}

PyObject* batch_contexts(PyObject* object, PyObject*) { return contexts_to_python(handle_of(as_batch(object))); }

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

PyObject* batch_counts(PyObject* object, PyObject*) { return counts_to_python(handle_of(as_batch(object))); }

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
        counted = take_census(there, self->heaps[slot].objects, static_cast<std::uint64_t>(std::max(patience, 0.0) * 1e9));
    }
    return census_to_python(counted);
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

PyObject* batch_ended_count(PyObject* object, void*) {
    batch_object* const self = as_batch(object);
    std::uint64_t sum = 0;
    for (std::uint32_t slot = 0; slot < self->shared->group.context_count; ++slot) {
        sum += self->shared->group.contexts[slot].works_ended.load(std::memory_order_relaxed);
    }
    return PyLong_FromUnsignedLongLong(sum);
}

PyObject* batch_started(PyObject* object, void*) { return PyBool_FromLong(as_batch(object)->started); }
PyObject* batch_ended(PyObject* object, void*) { return PyBool_FromLong(handle_of(as_batch(object)).ended()); }
PyObject* batch_settled(PyObject* object, void*) { return PyBool_FromLong(as_batch(object)->settled); }
PyObject* batch_serial(PyObject* object, void*) { return PyLong_FromUnsignedLong(as_batch(object)->serial); }
PyObject* batch_zygote_pid(PyObject* object, void*) {
    return PyLong_FromLong(as_batch(object)->shared->group.zygote_pid.load(std::memory_order_relaxed));
}

PyMethodDef s_methods[] = {
    {"start", batch_start, METH_NOARGS, PyDoc_STR("Take the snapshot and start. Raises OSError when fork fails.")},
    {"finish", batch_finish, METH_NOARGS, PyDoc_STR("Reap the batch if it has ended. True once it is settled.")},
    {"stop", batch_stop, METH_O, PyDoc_STR("stop(kill): interrupt the running works, or kill the contexts; begin no more works.")},
    {"work", batch_work, METH_O, PyDoc_STR("work(index) -> (state, slot or -1, pid, started_ns, ended_ns)")},
    {"state", batch_state, METH_O, PyDoc_STR("state(index) -> the work's state as a number")},
    {"value", batch_value, METH_O, PyDoc_STR("value(index) -> what the ended work left")},
    {"watch", batch_watch, METH_O, PyDoc_STR("watch(index): report its end; True when it has ended already")},
    {"news", batch_news, METH_NOARGS, PyDoc_STR("news() -> indices of ended works that are watched or did not succeed")},
    {"cancel", batch_cancel, METH_O, PyDoc_STR("cancel(index) -> True if it had not begun")},
    {"interrupt", batch_interrupt, METH_O, PyDoc_STR("interrupt(index) -> True if a context runs it, which is told to stop")},
    {"attempts", batch_attempts, METH_O, PyDoc_STR("attempts(index) -> how often it has failed and was run again")},
    {"consumed", batch_consumed, METH_O, PyDoc_STR("consumed(queue) -> items its consumer has taken without an error")},
    {"reports", batch_reports, METH_O, PyDoc_STR("reports(limit) -> the next reports, as tuples")},
    {"heap", batch_heap, METH_O, PyDoc_STR("heap(slot) -> the figures of a context's heap, as a dict")},
    {"census", batch_census, METH_VARARGS,
     PyDoc_STR("census(slot, seconds) -> ([(type, blocks, bytes)], complete) of a running context; None when it has none")},
    {"page_map", batch_page_map, METH_O,
     PyDoc_STR("page_map(slot) -> the share of each cell of a running context's heaps that is in use; None when it has none")},
    {"live_bytes", batch_live_bytes, METH_O, PyDoc_STR("live_bytes(slot) -> bytes in use in a context's heaps")},
    {"usage", batch_usage, METH_O,
     PyDoc_STR("usage(slot) -> (processor seconds, bytes copied of the snapshot) of a running context; None when there is none")},
    {"timeline", batch_timeline, METH_O, PyDoc_STR("timeline(most) -> at most that many bars for each context, packed")},
    {"works", batch_works, METH_VARARGS,
     PyDoc_STR("works(states, most) -> works whose state is in the mask, packed; those most worth telling when there are more")},
    {"counts", batch_counts, METH_NOARGS, PyDoc_STR("counts() -> works in each state, by the state's number")},
    {"contexts", batch_contexts, METH_NOARGS, PyDoc_STR("contexts() -> a dict of facts for each context")},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef s_properties[] = {
    {"started", batch_started, nullptr, PyDoc_STR("The snapshot has been taken, or fork has failed."), nullptr},
    {"ended", batch_ended, nullptr, PyDoc_STR("No context is left; the zygote is gone or going."), nullptr},
    {"settled", batch_settled, nullptr, PyDoc_STR("No process is left and every work is in a final state."), nullptr},
    {"serial", batch_serial, nullptr, PyDoc_STR("Batches count up in the order of their snapshots."), nullptr},
    {"works_ended", batch_ended_count, nullptr, PyDoc_STR("Works and items its contexts have brought to an end."), nullptr},
    {"zygote_pid", batch_zygote_pid, nullptr, PyDoc_STR("The zygote's process number; 0 when it has been reaped."), nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

template <class Function>
void* slot(Function* function) noexcept {
    return reinterpret_cast<void*>(function);
}

} // namespace

bool add_batch_type(PyObject* module) {
    static PyType_Slot slots[] = {
        {Py_tp_new, slot(batch_new)},
        {Py_tp_dealloc, slot(batch_dealloc)},
        {Py_tp_traverse, slot(batch_traverse)},
        {Py_tp_methods, s_methods},
        {Py_tp_getset, s_properties},
        {0, nullptr},
    };
    static PyType_Spec spec = {"parallel._core.Batch", static_cast<int>(sizeof(batch_object)), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots};
    auto* const type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    return type != nullptr && PyModule_AddType(module, type) == 0;
}

} // namespace xpar
