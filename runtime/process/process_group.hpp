// The processes of one batch: shared facts about them, and what the main process may do with them.
// Not for: what contexts compute (see runtime/schedule), Python (see runtime/python).
// Called by the main process, except where a name ends in _child. See README.md for the life cycle.
#pragma once

#include "runtime/base/event.hpp"
#include "runtime/base/status.hpp"

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <string_view>

namespace xpar {

enum class group_state : std::uint32_t { starting, running, ended };
enum class context_state : std::uint32_t { vacant, alive, left, died };
enum class stop_level : std::uint32_t {
    none,
    interrupt, // running works are interrupted, no further one is begun; what does not stop within the grace is killed
    kill,      // contexts are killed at once
};

// How long an interrupted work may take to end before its context is killed: when the whole batch is stopped, and when
// it is the only one, whose context has other works to run.
inline constexpr std::uint64_t k_interrupt_grace_ns = 2'000'000'000;
inline constexpr std::uint64_t k_turn_grace_ns = 500'000'000;

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
    std::atomic<std::uint32_t> reading; // zygote: 1 while it passes on what it has read from this context's descriptors
    std::atomic<std::uint64_t> works_ended;  // progress: works and items brought to an end in this slot
    std::atomic<std::uint64_t> pushes;       // progress: values published to xlists
    std::atomic<std::uint64_t> stop;         // any process: the turn that is to be stopped, and why; see stop_turn()
    std::atomic<std::uint64_t> ended_ns;     // zygote: when the last process of this slot was reaped, 0 before
    std::atomic<std::uint64_t> processor_ns; // zygote: processor time of those that were reaped
    std::atomic<std::uint64_t> copied_bytes; // the context, before it leaves: bytes it copied, plus 1; 0: unknown
};
static_assert(sizeof(context_shm) == 128);

struct process_group_shm {
    std::atomic<group_state> state;       // zygote; the main process instead when the zygote was killed
    std::atomic<std::int32_t> zygote_pid; // main process, after fork
    std::atomic<stop_level> stop;         // main process; only ever raised
    // Zygote: why no context could be made (ETIMEDOUT: those made hung before they began); 0 when one could be or none
    // was missed.
    std::atomic<std::int32_t> fork_errno;
    std::atomic<std::uint32_t> gave_up; // zygote, before `ended`: 1 when there was more to do, but no context for it
    // How many contexts there may be. Main process; only ever raised, up to most_contexts, by raise_contexts(). No slot
    // from here on was ever used, so it bounds every look at all slots. Whoever argues from what contexts did reads it
    // after that was seen: it was raised before the first of them was forked.
    std::atomic<std::uint32_t> context_count;
    std::uint32_t most_contexts; // how many slots there is room for; main process, before fork; constant after
    context_shm* contexts;       // same address in every process
    event_shm* changed;          // signalled when a context or the group changes state
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

    // In the zygote: how long a context may take until it raises `turns` for the first time; then it hangs, and is
    // killed.
    virtual std::uint64_t begin_patience_ns() const noexcept { return 15'000'000'000; }

    // In the zygote: what the context in `slot` has written to descriptor 1 or 2, in pieces, and that no more will come
    // from the process that was in this slot; before context_died.
    virtual void context_wrote(std::uint32_t slot, int descriptor, std::string_view text) noexcept {
        (void)slot, (void)descriptor, (void)text;
    }
    virtual void context_wrote_last(std::uint32_t slot) noexcept { (void)slot; }

    // In the zygote: the process in `slot` is gone without having returned from run_context.
    virtual void context_died(std::uint32_t slot, int wait_status) noexcept = 0;

    // In the zygote: is there anything a further context could do? As long as there is, contexts are made, again where
    // one has left, too. So it must not say yes to what a context that is asked would turn down.
    virtual bool wants_context() const noexcept = 0;

    // In the zygote, each time it wakes: sees to what has to be done in time, with stop_turn() for one. Returns when it
    // wants to be called again at the latest.
    virtual std::uint64_t look_after(std::uint64_t now_ns) noexcept {
        (void)now_ns;
        return ~std::uint64_t{0};
    }

    // In the zygote, last: no context is alive and none will be.
    virtual void group_ends() noexcept = 0;
};

// Forks the zygote on the calling thread. In the child it never returns.
status start_group(process_group_shm& group, program& to_run);

// Raises the stop level and tells the zygote. Any thread, also while start_group is on its way.
void stop_group(process_group_shm& group, stop_level level) noexcept;

// Has the zygote make contexts in slots below `count`, too, from its snapshot and as far as its program wants any. No
// more than most_contexts; no fewer than there may be now. Any thread, also while start_group is on its way.
void raise_contexts(process_group_shm& group, std::uint32_t count) noexcept;

// Why a turn was stopped. A turn has one reason, the first that was given.
enum class stop_reason : std::uint32_t { none, cancelled, timed_out };

// Have the zygote interrupt the context in `slot`, and kill it after k_turn_grace_ns, as long as it is in `turn`. Any
// process of the batch.
void stop_turn(process_group_shm& group, std::uint32_t slot, std::uint64_t turn, stop_reason why) noexcept;

// Was this turn stopped? Also within a signal handler.
inline stop_reason stopped(const context_shm& context, std::uint64_t turn) noexcept {
    const std::uint64_t stop = context.stop.load();
    return stop >> 2 == turn ? static_cast<stop_reason>(stop & 3) : stop_reason::none;
}

enum class reap_result { alive, reaped, gone /* somebody else reaped it: it has exited all the same */ };

// Collects the zygote's exit. `wait` blocks until it has exited. A zygote that was killed leaves the group not `ended`;
// its contexts die with it, and are waited for here, so that what they use may be given away; the caller settles their
// works.
reap_result reap_group(process_group_shm& group, bool wait) noexcept;

} // namespace xpar
