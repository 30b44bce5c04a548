#include "runtime/python/module/context_program.hpp"

#include "runtime/process/signals.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/module/engine.hpp"

#include <csignal>
#include <cstring>

namespace xpar {
namespace {

// The stop has been asked for by the main process; the running work gets a KeyboardInterrupt.
void interrupt_running_work(int) { PyErr_SetInterruptEx(SIGINT); }

void install_interrupt_handler() noexcept {
    struct sigaction action {};
    action.sa_handler = interrupt_running_work;
    sigaction(interrupt_signal(), &action, nullptr);
}

reference current_exception() noexcept {
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != nullptr) {
        PyException_SetTraceback(value, traceback);
    }
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return reference(value);
}

} // namespace

void context_program::enter_zygote() noexcept {
    // What exists now is the snapshot: the collectors of all contexts leave it alone, and its pages stay shared.
    const reference gc(PyImport_ImportModule("gc"));
    const reference frozen(gc ? PyObject_CallMethod(gc.get(), "freeze", nullptr) : nullptr);
    PyErr_Clear(); // without it contexts copy more pages than they need, and work all the same
}

void context_program::run_context(std::uint32_t slot) noexcept {
    engine& e = engine::get();
    e.self.of = &m_batch;
    e.self.slot = slot;
    install_interrupt_handler();
    const reference slot_number(PyLong_FromUnsignedLong(slot));
    const reference entered(PyObject_CallOneArg(e.enter_context.get(), slot_number.get()));
    if (!entered) {
        // Seen in the cell as output of the batch's first work; the works run, on the streams they find.
        PyErr_WriteUnraisable(e.enter_context.get());
    }
    run_context_loop(m_batch, slot, *this);
    e.output.flush();
}

void context_program::context_died(std::uint32_t slot, int wait_status) noexcept {
    m_batch.settle_context(engine::get().batch_cursor(m_batch), slot, wait_status);
}

bool context_program::wants_context() const noexcept {
    if (m_batch.works().has_pending()) {
        return true;
    }
    for (std::uint32_t number = 0; number < m_batch.shared().queue_count; ++number) {
        if (!m_batch.queue_finished(number) && !m_batch.quiescent()) {
            return true;
        }
    }
    return false;
}

void context_program::group_ends() noexcept {
    const int fork_errno = m_batch.group().fork_errno.load();
    m_batch.settle_rest(fork_errno == 0 ? 0 : k_crash_no_context | static_cast<std::uint32_t>(fork_errno));
}

work_runner::outcome context_program::run_work(std::uint64_t index) noexcept {
    engine& e = engine::get();
    e.output.begin(index);
    PyObject* const task = PyList_GET_ITEM(p_tasks, static_cast<Py_ssize_t>(index));
    PyObject* const kwds = PyTuple_GET_ITEM(task, 2);
    reference result(
        PyObject_Call(PyTuple_GET_ITEM(task, 0), PyTuple_GET_ITEM(task, 1), kwds == Py_None ? nullptr : kwds));
    outcome ended{work_state::done, 0};
    if (!result || !e.clone_into(result.get(), e.batch_cursor(m_batch), m_batch.shared().heap, ended.result)) {
        const bool interrupted = m_batch.stopping() && PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0;
        ended = {interrupted ? work_state::cancelled : work_state::failed, take_error()};
    }
    result = reference(); // a finaliser may print, and that is still this work's
    e.output.flush();
    return ended;
}

bool context_program::run_item(std::uint32_t queue, std::uint64_t value) noexcept {
    engine& e = engine::get();
    e.output.begin(m_batch.shared().queues[queue].work);
    PyObject* const consumer = PyList_GET_ITEM(p_consumers, static_cast<Py_ssize_t>(queue));
    const reference item(e.clone_out(value, PyTuple_GET_ITEM(consumer, 0)));
    const reference result(item ? PyObject_CallOneArg(PyTuple_GET_ITEM(consumer, 1), item.get()) : nullptr);
    const bool succeeded = static_cast<bool>(result);
    if (!succeeded) {
        const std::uint64_t error = take_error();
        char body[sizeof error];
        std::memcpy(body, &error, sizeof body);
        m_batch.report_record(e.batch_cursor(m_batch), record_kind::item_failed, e.self.slot, queue,
                              {body, sizeof body});
    }
    e.output.flush();
    return succeeded;
}

std::uint64_t context_program::take_error() noexcept {
    engine& e = engine::get();
    const reference exception = current_exception();
    std::uint64_t value = 0;
    const reference description(PyObject_CallOneArg(e.describe_exception.get(), exception.get()));
    if (description && e.clone_into(description.get(), e.batch_cursor(m_batch), m_batch.shared().heap, value)) {
        return value;
    }
    // Even the description failed (out of memory, most likely): the main process is told so by the absence of one.
    PyErr_Clear();
    (void)clone::try_encode_inline(Py_None, value);
    return value;
}

} // namespace xpar
