// What a batch runs: Python callables, in contexts forked from the interpreter.
// Constructed in the main process before the fork; everything else happens in the zygote and in contexts.
#pragma once

#include <Python.h>

#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/glue/tasks.hpp"
#include "runtime/python/module/output.hpp"
#include "runtime/schedule/batch.hpp"
#include "runtime/schedule/context_loop.hpp"

#include <cstdint>
#include <string>

namespace xpar {

class context_program final : public program, public work_runner {
public:
    // `tasks`: see glue/tasks.hpp; `consumers`: list of (xlist, callable). Both borrowed
    // from the batch's Python object, which outlives the call that forks. `heaps`: one a context, in the region;
    // `heap_limit`: units, of those whose budget names none.
    context_program(const batch& of, PyObject* tasks, PyObject* consumers, context_heaps_shm* heaps,
                    std::uint64_t heap_limit) noexcept
        : m_batch(of), m_descriptors(of), p_tasks(tasks), p_consumers(consumers), p_heaps(heaps),
          m_heap_limit(heap_limit) {}

    // The zygote runs no Python, so of its forks the interpreter is not told, and each context tells it of both at
    // once: what PyOS_AfterFork_Child does is 0.8 ms of page faults.
    void before_fork() noexcept override {
        if (!m_is_zygote) {
            PyOS_BeforeFork();
        }
    }
    void after_fork_parent() noexcept override {
        if (!m_is_zygote) {
            PyOS_AfterFork_Parent();
        }
    }
    void after_fork_child() noexcept override { m_is_zygote = true; } // or a context, which is told nothing further
    void enter_zygote() noexcept override;
    void run_context(std::uint32_t slot) noexcept override;
    void context_wrote(std::uint32_t slot, int descriptor, std::string_view text) noexcept override {
        m_descriptors.add(slot, descriptor, text);
    }
    void context_wrote_last(std::uint32_t slot) noexcept override { m_descriptors.end(slot); }
    void context_died(std::uint32_t slot, int wait_status) noexcept override;
    bool wants_context() const noexcept override;
    std::uint64_t look_after(std::uint64_t now_ns) noexcept override { return m_batch.enforce_timeouts(now_ns); }
    std::uint64_t begin_patience_ns() const noexcept override { return g_begin_patience_ns; }
    void group_ends() noexcept override;

    static inline std::uint64_t g_begin_patience_ns = 15'000'000'000; // tests have less

    outcome run_work(std::uint64_t index) noexcept override;
    bool run_item(std::uint32_t queue, std::uint64_t value) noexcept override;

private:
    // Is the error that is set how a stop of the batch, or of the work, reaches what runs? Not for one out of time.
    bool was_interrupted() const noexcept;

    // Into the batch's heap; false with an error set.
    bool clone(PyObject* object, std::uint64_t& value);

    // Finishes the fork for the interpreter. What exists then is the snapshot: the context's collector leaves it alone,
    // and its pages stay shared as far as they can.
    static void enter_python() noexcept;

    // Before the context's first Python object is made. A context that gets no heap works on the allocators it
    // inherited, and says so.
    void show_failed_entry() const noexcept;
    void enter_heap(std::uint32_t slot) noexcept;

    // What the heap holds in the end, for who asks when the context is gone.
    void leave_census(std::uint32_t slot) noexcept;
    void leave_copied_bytes(std::uint32_t slot) noexcept;

    // What a work or item has submitted is a part of it: returns when that has ended. False with an error set, the
    // call's own if there is one.
    static bool await_submitted(bool succeeded) noexcept;

    // What a work has made to be looked at and not displayed itself.
    static void show_what_is_left() noexcept;

    [[noreturn]] static void end_copy() noexcept;

    // Takes the error that is set, which calling `of` has raised, and clones what the main process rebuilds it from. An
    // item that could not be read has no arguments.
    std::uint64_t take_error(const task& of) noexcept;

    batch m_batch;
    descriptor_output m_descriptors; // zygote
    PyObject* p_tasks;
    PyObject* p_consumers;
    context_heaps_shm* p_heaps;
    std::uint64_t m_heap_limit;
    bool m_is_zygote = false;
    std::string m_no_heap; // why this context has none; empty when it has one
};

} // namespace xpar
