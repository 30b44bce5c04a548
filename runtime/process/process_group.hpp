// The processes of one batch: shared facts about them, and what the main process may do with them.
// Not for: what contexts compute (see runtime/schedule), Python (see runtime/python).
// Called by the main process, except where a name ends in _child. See README.md for the life cycle.
#pragma once

#include "runtime/base/event.hpp"
#include "runtime/base/status.hpp"

#include <sys/types.h>

#include <atomic>
#include <cstdint>

namespace xpar {

enum class group_state : std::uint32_t { starting, running, ended };
enum class context_state : std::uint32_t { vacant, alive, left, died };
enum class stop_level : std::uint32_t {
    none,
    interrupt, // running works are interrupted, no further one is begun; what does not stop within the grace is killed
    kill,      // contexts are killed at once
};

// How long an interrupted work may take to end before its context is killed.
inline constexpr std::uint64_t k_interrupt_grace_ns = 2'000'000'000;

// One context. Lifecycle fields: written by the zygote, and by the main process once the zygote is dead. Progress
// fields: written by the context alone while it is alive, by the zygote once it has reaped it; every reader may see a
// moment that has just passed, which is all a display needs.
struct alignas(128) context_shm {
    std::atomic<std::int32_t> pid;           // zygote, and the same by the context before anything else; 0 when none
    std::atomic<context_state> state;        // zygote; `left` is written by the context as its last act
    std::atomic<std::int32_t> wait_status;   // zygote, before `died`
    std::atomic<std::uint32_t> incarnation;  // zygote; 1 for the first process in this slot
    std::atomic<std::uint64_t> started_ns;   // zygote
    std::atomic<std::uint64_t> turns_before; // zygote: `turns` when the process in this slot was forked
    // progress: a context raises it by one before it looks for something to do, to an odd number, and by one more when
    // that has ended or nothing was there. It never goes down. Quiescence is argued from it (runtime/schedule), and a
    // context that dies without having raised it never began.
    std::atomic<std::uint64_t> turns;
    std::atomic<std::uint64_t> current; // progress: index + 1 of the work it runs or is about to claim, 0 when none
    std::atomic<std::uint32_t> queue;   // progress: number + 1 of the queue whose item it consumes, 0 when none
    std::uint32_t reserved;
    std::atomic<std::uint64_t> works_ended; // progress: works and items brought to an end in this slot
    std::atomic<std::uint64_t> pushes;      // progress: values published to xlists
    std::atomic<std::uint64_t> ended_ns;     // zygote: when the last process of this slot was reaped, 0 before
    std::atomic<std::uint64_t> processor_ns; // zygote: processor time of those that were reaped
    std::atomic<std::uint64_t> copied_bytes; // the context, before it leaves: bytes it copied, plus 1; 0: unknown
};
static_assert(sizeof(context_shm) == 128);

struct process_group_shm {
    std::atomic<group_state> state;       // zygote; the main process instead when the zygote was killed
    std::atomic<std::int32_t> zygote_pid; // main process, after fork
    std::atomic<stop_level> stop;         // main process; only ever raised
    std::atomic<std::int32_t> fork_errno; // zygote: why no context could be made, 0 when one could or none was missed
    std::atomic<std::uint32_t> gave_up;   // zygote, before `ended`: 1 when there was more to do, but no context for it
    std::uint32_t context_count;          // main process, before fork; constant after
    context_shm* contexts;                // same address in every process
    event_shm* changed;                   // signalled when a context or the group changes state
};

// What a batch runs. Implemented above; every function is called on the forked side named.
class program {
public:
    program() = default;
    program(const program&) = delete;
    program& operator=(const program&) = delete;
    virtual ~program() = default;

    // Around every fork, on the forking side and in the child.
    virtual void before_fork() noexcept = 0;
    virtual void after_fork_parent() noexcept = 0;
    virtual void after_fork_child() noexcept = 0;

    virtual void enter_zygote() noexcept = 0;

    // In the context; returning means there is nothing left to do for it. It has to raise `turns` once it begins.
    virtual void run_context(std::uint32_t slot) noexcept = 0;

    // In the zygote: the process in `slot` is gone without having returned from run_context.
    virtual void context_died(std::uint32_t slot, int wait_status) noexcept = 0;

    // In the zygote: is there anything a further context could do? As long as there is, contexts are made, again where
    // one has left, too. So it must not say yes to what a context that is asked would turn down.
    virtual bool wants_context() const noexcept = 0;

    // In the zygote, last: no context is alive and none will be.
    virtual void group_ends() noexcept = 0;
};

// Forks the zygote on the calling thread. In the child it never returns.
status start_group(process_group_shm& group, program& to_run);

// Raises the stop level and tells the zygote. Any thread, also while start_group is on its way.
void stop_group(process_group_shm& group, stop_level level) noexcept;

enum class reap_result { alive, reaped, gone /* somebody else reaped it: it has exited all the same */ };

// Collects the zygote's exit. `wait` blocks until it has exited. A zygote that was killed leaves the group not `ended`;
// its contexts die with it, and are waited for here, so that what they use may be given away; the caller settles their
// works.
reap_result reap_group(process_group_shm& group, bool wait) noexcept;

} // namespace xpar
