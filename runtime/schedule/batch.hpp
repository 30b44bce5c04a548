// One batch in the region: its processes, works, queues, reports, and a heap for what its works return.
// The handle is cheap and the same in every process of the batch. Main process: create, settle_abandoned, destroy.
#pragma once

#include "runtime/memory/region.hpp"
#include "runtime/memory/shared_heap.hpp"
#include "runtime/process/process_group.hpp"
#include "runtime/schedule/report.hpp"
#include "runtime/schedule/work_table.hpp"
#include "runtime/sync/interlocked_list.hpp"
#include "runtime/sync/list_table.hpp"
#include "runtime/sync/permits.hpp"

#include <cstdint>
#include <string_view>

namespace xpar {

// The owner of works that no context runs: a queue's own work.
inline constexpr std::uint32_t k_no_slot = 0xffffff;

// What the caller of a work has asked for beyond a single run.
struct work_limits_shm {
    std::uint64_t timeout_ns;            // of each attempt; 0: none. Main process, before fork
    std::atomic<std::uint32_t> retries;  // how often it may still be run again. Whoever takes one runs it again
    std::atomic<std::uint32_t> attempts; // that have failed and were followed by another
};

// What `result` of a crashed work says, besides a wait status.
inline constexpr std::uint64_t k_crash_no_context = std::uint64_t{1} << 32; // low half: the errno of fork
inline constexpr std::uint64_t k_crash_no_zygote = std::uint64_t{1} << 33;  // its batch's zygote was killed
inline constexpr std::uint64_t k_crash_timed_out = std::uint64_t{1} << 34;  // it did not stop when its time was over

struct queue_shm {
    heap_id list; // main process, before fork
    std::uint32_t reserved;
    std::uint64_t work;                  // index of the work that stands for the queue
    std::atomic<std::uint64_t> consumed; // contexts: items whose consumer returned
};

struct batch_shm {
    process_group_shm group;
    shared_heap_shm heap;
    interlocked_list_shm reports; // contexts and zygote push, the main process reads
    event_shm progress;           // signalled when a context has nothing to do any more, for those waiting at a queue
    std::atomic<std::uint64_t> next; // the work table's hint
    std::atomic<std::uint64_t> cancelled;
    heap_id heap_number; // the rest: main process, before fork
    std::uint32_t queue_count;
    std::uint64_t work_count;
    std::uint64_t shortest_timeout_ns; // 0: no work has one
    work_shm* works;
    permits_shm* permits;    // whose contexts run works by them only; null: they need none
    work_limits_shm* limits; // one a work, the queues' left out; null when no work has any
    queue_shm* queues;
    std::uint64_t bytes;
};

class batch {
public:
    struct plan {
        std::uint64_t works = 0; // works a context runs
        std::uint32_t contexts = 1;
        std::uint32_t most_contexts = 0; // how many it may have later, if that is more
        const heap_id* queues = nullptr; // lists whose items are consumed; each adds one work, after the others
        std::uint32_t queue_count = 0;
        bool limits = false; // do any works have some?
        permits_shm* permits = nullptr;
    };

    batch(region& memory, list_table& lists, batch_shm& shared) noexcept
        : p_region(&memory), p_lists(&lists), p_shared(&shared) {}

    // Nullptr when the region is full. `changed` is signalled with every report and change of state. What most_contexts
    // adds is address space until a slot is used.
    static batch_shm* create(region& memory, const plan& wanted, heap_id heap, event_shm& changed) noexcept;

    // Gives everything back. The group must have ended and nothing may refer to a record of the batch.
    static void destroy(region& memory, batch_shm* shared) noexcept;

    batch_shm& shared() const noexcept { return *p_shared; }
    process_group_shm& group() const noexcept { return p_shared->group; }
    context_shm& context(std::uint32_t slot) const noexcept { return p_shared->group.contexts[slot]; }
    work_table works() const noexcept { return {p_shared->works, p_shared->work_count, p_shared->next}; }
    interlocked_list reports() const noexcept { return {p_region, &p_shared->reports, p_shared->heap_number}; }
    interlocked_list queue(std::uint32_t number) const noexcept;
    region& memory() const noexcept { return *p_region; }

    // Leave to run, for the context in this slot.
    permit permit_for(std::uint32_t slot) const noexcept { return {p_shared->permits, permit_owner(slot)}; }

    bool stopping() const noexcept { return p_shared->group.stop.load() != stop_level::none; }
    bool ended() const noexcept {
        // acquire pairs with the zygote's release of its last store.
        return p_shared->group.state.load(std::memory_order_acquire) == group_state::ended;
    }

    // Reports to the main process; false when the region is full. `body` is copied into `cursor`'s heap, the batch's
    // own.
    bool report_record(heap_cursor& cursor, record_kind kind, std::uint32_t slot, std::uint64_t subject,
                       std::string_view body) const noexcept;
    void report_work_ended(std::uint64_t index) const noexcept;

    // Ends a work and reports it if it is watched or did not succeed; or has it run again, if it did not and may.
    void end_work(std::uint64_t index, std::uint32_t slot, work_state to, std::uint64_t result) const noexcept;

    // Has the work stopped whoever runs it: it is interrupted, and its context killed if that takes too long. False
    // when no context runs it.
    bool stop_work(std::uint64_t index, stop_reason why) const noexcept;

    // Why the turn that `slot` is in was stopped, if it was.
    stop_reason turn_stopped(std::uint32_t slot) const noexcept {
        return stopped(context(slot), context(slot).turns.load());
    }

    // Zygote: stops the works whose time is over. When it wants to look again.
    std::uint64_t enforce_timeouts(std::uint64_t now_ns) const noexcept;

    // Main process: how many contexts there should be if up to `wanted` may be. No more than there are and works that
    // wait for one; with queues, any item may be for the last of them.
    std::uint32_t useful_contexts(std::uint32_t wanted) const noexcept;

    // Is every queue empty with nobody left who could push? See README.md, "Queues and quiescence".
    bool quiescent() const noexcept;
    bool queue_finished(std::uint32_t number) const noexcept {
        return queue(number).closed() && queue(number).size() == 0;
    }

    // Will no queue have an item to consume any more? A context that finds no work leaves when it is.
    bool drained() const noexcept;

    // Zygote: what `program::wants_context` has to say. The negation of what makes a context leave.
    bool wants_context() const noexcept { return works().has_pending() || !drained(); }

    // What nobody will run any more: cancelled if the batch was stopped, else crashed for `reason`, where 0 stands for
    // what made the zygote give up, if it did. Queues' works are done if there was no reason at all. No context is
    // alive.
    void settle_rest(std::uint64_t reason) const noexcept;

    // Zygote: the works and queue items of a context that died.
    void settle_context(heap_cursor& cursor, std::uint32_t slot, int wait_status) const noexcept;

private:
    std::uint64_t permit_owner(std::uint32_t slot) const noexcept {
        return std::uint64_t{p_shared->heap_number} << 32 | (slot + 1);
    }
    void push_work_ended(std::uint64_t index) const noexcept;
    void report_if_news(std::uint64_t index, work_state ended) const noexcept;
    bool run_again(std::uint64_t index, std::uint32_t slot, work_state ended) const noexcept;
    std::uint64_t reason_for_giving_up() const noexcept;

    region* p_region;
    list_table* p_lists;
    batch_shm* p_shared;
};

} // namespace xpar
