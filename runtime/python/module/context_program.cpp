#include "runtime/python/module/context_program.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/base/process_usage.hpp"
#include "runtime/python/glue/compat.hpp"
#include "runtime/python/glue/error.hpp"
#include "runtime/python/glue/limit_error.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/glue/tasks.hpp"
#include "runtime/python/guard/guard.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/module/batch_facts.hpp"
#include "runtime/python/module/engine.hpp"
#include "runtime/python/module/heap_facts.hpp"
#include "runtime/python/module/interrupt.hpp"

#include <unistd.h>

#include <cstring>

namespace xpar {
namespace {

// How long a context that has nothing left to do may look through its heap: 5 ms are some 200,000 blocks.
constexpr std::uint64_t k_last_census_ns = 5'000'000;

// What a context has copied of the snapshot is looked for at its end if it has lived this many times as long as that
// takes.
constexpr std::uint64_t k_times_its_cost = 10;

} // namespace

void context_program::enter_zygote() noexcept {
    guard::enter_zygote(p_tasks, p_consumers); // writes pointers and runs no Python
}

void context_program::enter_python() noexcept {
    PyOS_AfterFork_Child();
    // The frames of whoever started the batch are never returned to. Without them a stack, in a crash for one, is the
    // work's own, and a work may recurse as deeply as in the main thread.
    forget_frames(PyThreadState_Get());
    const reference gc(PyImport_ImportModule("gc"));
    const reference frozen(gc ? PyObject_CallMethod(gc.get(), "freeze", nullptr) : nullptr);
    // Nothing is left to collect, but a collection empties the free lists: what the context makes is not to be put into
    // blocks of the snapshot. They are not freed, only forgotten, as the heap is there by now.
    const reference collected(frozen ? PyObject_CallMethod(gc.get(), "collect", nullptr) : nullptr);
    PyErr_Clear(); // without it contexts copy more pages than they need, and work all the same
}

void context_program::run_context(std::uint32_t slot) noexcept {
    engine& e = engine::get();
    e.self = {.of = &m_batch, .slot = slot};
    enter_heap(slot);
    enter_python();
    listen_to_interrupts(m_batch.group(), m_batch.context(slot));
    hold_terminal_interrupts();
    const reference slot_number(PyLong_FromUnsignedLong(slot));
    const reference entered(PyObject_CallOneArg(e.enter_context.get(), slot_number.get()));
    let_terminal_interrupts_pass();
    if (!entered) {
        show_failed_entry(); // the works run, on the streams they find
    }
    if (!m_no_heap.empty()) {
        PySys_FormatStderr("context %u: heap_limit is not kept for all that works allocate here (%s)\n", slot,
                           m_no_heap.c_str());
    }
    // Without a heap of its own, what it makes cannot be told from what it must not change.
    if (m_no_heap.empty() && !guard::enter_context()) {
        show_failed_entry();
    }
    permit leave = m_batch.permit_for(slot);
    e.self.leave = &leave;
    run_context_loop(m_batch, slot, leave, *this);
    e.self.leave = nullptr; // it has given its permit back; who waits below must not take one again
    if (!m_batch.stopping() && !await_submitted(true)) { // by threads, after their work had ended
        PyErr_WriteUnraisable(e.await_submitted.get());
    }
    guard::leave_context();
    e.output.flush();
    leave_census(slot);
    leave_copied_bytes(slot);
}

// Seen in the cell as output of the batch's first work, but for an interrupt, after which none begins.
void context_program::show_failed_entry() const noexcept {
    if (m_batch.stopping()) {
        PyErr_Clear();
    } else {
        PyErr_WriteUnraisable(engine::get().enter_context.get());
    }
}

void context_program::enter_heap(std::uint32_t slot) noexcept {
    context_heaps_shm& heaps = p_heaps[slot];
    // Of a slot that the batch has got later, or of a predecessor in this one, which may have died.
    const std::uint64_t limit = heaps.budget.limit.load(std::memory_order_relaxed);
    std::memset(static_cast<void*>(&heaps), 0, sizeof heaps);
    m_batch.context(slot).copied_bytes.store(0, std::memory_order_relaxed);
    heaps.budget.limit.store(limit != 0 ? limit : m_heap_limit, std::memory_order_relaxed);
    if (status installed = install_context_allocator(heaps, engine::get().heap_limit_error.get()); !installed) {
        m_no_heap = installed.what();
    } else if (!install_numpy_memory()) {
        m_no_heap = "numpy does not take another allocator";
        PyErr_Clear();
    }
}

void context_program::leave_census(std::uint32_t slot) noexcept {
    engine& e = engine::get();
    process_reader self(getpid()); // checks every address it is given, as reading the memory itself would not
    reference types(census_to_python(take_census(self, p_heaps[slot].objects, k_last_census_ns)));
    reference pages(types ? page_map_to_python(getpid(), p_heaps[slot]) : nullptr);
    const reference left(pages ? Py_BuildValue("(NN)", types.give(), pages.give()) : nullptr);
    std::uint64_t value = 0;
    if (left && clone(left.get(), value)) {
        char body[sizeof value];
        std::memcpy(body, &value, sizeof body);
        m_batch.report_record(e.batch_cursor(m_batch), record_kind::heap_census, slot, slot, {body, sizeof body});
    }
    PyErr_Clear(); // a heap at its limit leaves none; its counters are there
}

void context_program::leave_copied_bytes(std::uint32_t slot) noexcept {
    context_shm& self = m_batch.context(slot);
    const std::uint64_t lived_ns = monotonic_ns() - self.started_ns.load(std::memory_order_relaxed);
    if (lived_ns < k_times_its_cost * written_bytes_cost_ns()) {
        return;
    }
    if (const std::optional<std::uint64_t> copied = copied_bytes(getpid(), p_heaps[slot])) {
        self.copied_bytes.store(*copied + 1, std::memory_order_relaxed);
    }
}

void context_program::context_died(std::uint32_t slot, int wait_status) noexcept {
    heap_cursor& cursor = engine::get().batch_cursor(m_batch);
    const std::uint64_t noted = m_batch.context(slot).current.load(std::memory_order_acquire);
    if (const std::string_view tail = m_descriptors.tail(slot); noted != 0 && !tail.empty()) {
        m_batch.report_record(cursor, record_kind::last_output, slot, noted - 1, tail);
    }
    // Before another process takes its place, which may wait for a permit that one of them has.
    engine::get().outlive_nested_batches(m_batch.shared().heap, slot + 1);
    m_batch.settle_context(cursor, slot, wait_status);
}

bool context_program::wants_context() const noexcept {
    return m_batch.wants_context();
}

void context_program::group_ends() noexcept {
    m_batch.settle_rest(0);
}

work_runner::outcome context_program::run_work(std::uint64_t index) noexcept {
    const interruptible_work until_ended;
    engine& e = engine::get();
    forget_limit_error();
    e.output.begin(index);
    const task work = task_at(p_tasks, static_cast<Py_ssize_t>(index));
    const reference callee(guard::callee_of_work(work.callable));
    reference result(callee ? PyObject_Call(callee.get(), work.args, work.kwds) : nullptr);
    if (e.self.is_copy) {
        end_copy();
    }
    if (!await_submitted(static_cast<bool>(result))) {
        result = reference();
    }
    guard::after_work(m_batch.works().at(index).started_ns.load(std::memory_order_relaxed));
    outcome ended{work_state::done, 0};
    if (!result || !clone(result.get(), ended.result)) {
        ended = {was_interrupted() ? work_state::cancelled : work_state::failed, take_error(work)};
    }
    result = reference(); // a finaliser may print, and that is still this work's
    show_what_is_left();
    e.output.flush();
    return ended;
}

bool context_program::run_item(std::uint32_t queue, std::uint64_t value) noexcept {
    const interruptible_work until_ended;
    engine& e = engine::get();
    forget_limit_error();
    e.output.begin(m_batch.shared().queues[queue].work);
    PyObject* const consumer = PyList_GET_ITEM(p_consumers, static_cast<Py_ssize_t>(queue));
    const reference item(e.clone_out(value, PyTuple_GET_ITEM(consumer, 0)));
    const reference callee(item ? guard::callee_of_work(PyTuple_GET_ITEM(consumer, 1)) : nullptr);
    const reference result(callee ? PyObject_CallOneArg(callee.get(), item.get()) : nullptr);
    if (e.self.is_copy) {
        end_copy();
    }
    const bool succeeded = await_submitted(static_cast<bool>(result));
    if (!succeeded && was_interrupted()) {
        PyErr_Clear(); // no failure of the item: the queue's work is cancelled
    } else if (!succeeded) {
        const reference args(item ? PyTuple_Pack(1, item.get()) : nullptr);
        const std::uint64_t error = take_error({PyTuple_GET_ITEM(consumer, 1), args.get(), nullptr});
        char body[sizeof error];
        std::memcpy(body, &error, sizeof body);
        m_batch.report_record(e.batch_cursor(m_batch), record_kind::item_failed, e.self.slot, queue,
                              {body, sizeof body});
    }
    show_what_is_left();
    e.output.flush();
    return succeeded;
}

bool context_program::await_submitted(bool succeeded) noexcept {
    engine& e = engine::get();
    if (!e.self.submits) {
        return succeeded;
    }
    const reference error = succeeded ? reference::to(Py_None) : take_exception();
    const reference ended(PyObject_CallOneArg(e.await_submitted.get(), error.get()));
    if (succeeded) {
        return static_cast<bool>(ended);
    }
    PyErr_Clear(); // it raises nothing then, unless it is interrupted
    PyErr_Restore(Py_NewRef(Py_TYPE(error.get())), Py_NewRef(error.get()), PyException_GetTraceback(error.get()));
    return false;
}

// Figures are shown at the end of a cell, and so at the end of a work. Nobody has any who has not imported this.
void context_program::show_what_is_left() noexcept {
    static PyObject* const name = PyUnicode_InternFromString("matplotlib.pyplot");
    if (name == nullptr || PyDict_GetItemWithError(PyImport_GetModuleDict(), name) == nullptr) {
        return;
    }
    const reference shown(PyObject_CallNoArgs(engine::get().end_work.get()));
    if (!shown) {
        PyErr_WriteUnraisable(engine::get().end_work.get());
    }
}

// By the main process, not by a KeyboardInterrupt of its own.
bool context_program::was_interrupted() const noexcept {
    // An exception that C code raised is made only now, by Python code for some, and an interrupt that comes there is
    // what the work has ended by.
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyErr_Restore(type, value, traceback);
    return (m_batch.stopping() || m_batch.turn_stopped(engine::get().self.slot) == stop_reason::cancelled) &&
           PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0;
}

bool context_program::clone(PyObject* object, std::uint64_t& value) {
    engine& e = engine::get();
    batch_shm& to = m_batch.shared();
    return e.clone_into(object, e.batch_cursor(m_batch), to.heap, to.heap_number, value);
}

// A work has forked and come back in both processes. This one is the copy, and ends as a Python program would.
void context_program::end_copy() noexcept {
    int code = 0;
    if (PyErr_ExceptionMatches(PyExc_SystemExit) != 0) {
        const reference exception = take_exception();
        const reference given(PyObject_GetAttrString(exception.get(), "code"));
        if (given && PyLong_Check(given.get())) {
            code = static_cast<int>(PyLong_AsLong(given.get()));
        } else if (given.get() != Py_None) {
            PySys_FormatStderr("%S\n", given.get());
            code = 1;
        }
    } else if (PyErr_Occurred() != nullptr) {
        PyErr_Print();
        code = 1;
    }
    engine::get().output.flush();
    _exit(code);
}

std::uint64_t context_program::take_error(const task& of) noexcept {
    engine& e = engine::get();
    PyObject* const at_limit = is_at_heap_limit() ? Py_True : Py_False; // before anything is allocated to describe it
    const guard::unguarded describing; // reads what the work has left, in code of this package and of libraries
    const reference exception = take_exception();
    pass_over_interrupts(); // one that comes now would hit the description of the error instead of the work
    std::uint64_t value = 0;
    // An interrupt that was a timeout is told as one.
    const bool timed_out = m_batch.turn_stopped(e.self.slot) == stop_reason::timed_out;
    PyObject* const kwds = of.kwds != nullptr ? of.kwds : Py_None;
    const reference call(of.args != nullptr ? PyTuple_Pack(3, of.callable, of.args, kwds) : Py_NewRef(Py_None));
    const reference description(call ? PyObject_CallFunctionObjArgs(e.describe_exception.get(), exception.get(),
                                                                    timed_out ? Py_True : Py_False, call.get(),
                                                                    at_limit, nullptr)
                                     : nullptr);
    if (description && clone(description.get(), value)) {
        return value;
    }
    // Even the description failed (out of memory, most likely): the main process is told so by the absence of one.
    PyErr_Clear();
    (void)clone::try_encode_inline(Py_None, value);
    return value;
}

} // namespace xpar
