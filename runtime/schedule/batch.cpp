#include "runtime/schedule/batch.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace xpar {
namespace {

constexpr std::uint64_t round_up(std::uint64_t bytes, std::uint64_t alignment) noexcept {
    return (bytes + alignment - 1) / alignment * alignment;
}

} // namespace

batch_shm* batch::create(region& memory, const plan& wanted, heap_id heap, event_shm& changed) noexcept {
    const std::uint64_t works = wanted.works + wanted.queue_count;
    const std::uint32_t most_contexts = std::max(wanted.contexts, wanted.most_contexts);
    // Contexts last, for most of their slots are never used: in a small batch all else shares a page with the first.
    const std::uint64_t queues_at = round_up(sizeof(batch_shm), alignof(queue_shm));
    const std::uint64_t works_at = round_up(queues_at + wanted.queue_count * sizeof(queue_shm), 64);
    const std::uint64_t limits_at = works_at + works * sizeof(work_shm);
    const std::uint64_t contexts_at =
        round_up(limits_at + (wanted.limits ? wanted.works * sizeof(work_limits_shm) : 0), alignof(context_shm));
    const std::uint64_t bytes = contexts_at + most_contexts * sizeof(context_shm);
    const region_offset place = memory.allocate(bytes, heap);
    if (place == 0) {
        return nullptr;
    }
    // Pages of the region are zero until written: every counter, state and sequence starts as it must.
    char* const base = memory.as<char>(place);
    auto* const shared = reinterpret_cast<batch_shm*>(base);
    shared->group.context_count.store(wanted.contexts, std::memory_order_relaxed); // nobody else knows it yet
    shared->group.most_contexts = most_contexts;
    shared->group.contexts = reinterpret_cast<context_shm*>(base + contexts_at);
    shared->group.changed = &changed;
    shared->heap_number = heap;
    shared->permits = wanted.permits;
    shared->queue_count = wanted.queue_count;
    shared->work_count = works;
    shared->works = reinterpret_cast<work_shm*>(base + works_at);
    shared->limits = wanted.limits ? reinterpret_cast<work_limits_shm*>(base + limits_at) : nullptr;
    shared->queues = reinterpret_cast<queue_shm*>(base + queues_at);
    shared->bytes = bytes;
    for (std::uint32_t number = 0; number < wanted.queue_count; ++number) {
        shared->queues[number].list = wanted.queues[number];
        shared->queues[number].work = wanted.works + number;
        shared->works[wanted.works + number].state.store(
            static_cast<std::uint32_t>(work_state::running) | k_no_slot << 8, std::memory_order_relaxed);
    }
    return shared;
}

void batch::destroy(region& memory, batch_shm* shared) noexcept {
    const heap_id heap = shared->heap_number;
    memory.free(memory.offset_of(shared), shared->bytes);
    memory.release(heap); // what its works returned, printed and reported
}

interlocked_list batch::queue(std::uint32_t number) const noexcept {
    const heap_id list = p_shared->queues[number].list;
    return {p_region, &p_lists->at(list).list, list};
}

bool batch::report_record(heap_cursor& cursor, record_kind kind, std::uint32_t slot, std::uint64_t subject,
                          std::string_view body) const noexcept {
    const region_offset place = cursor.allocate(sizeof(report_record_shm) + body.size());
    if (place == 0) {
        return false;
    }
    auto* const record = new (p_region->at(place)) report_record_shm{kind, slot, subject, body.size()};
    std::memcpy(record->body(), body.data(), body.size());
    if (reports().push(xpar::report_record(place)) != interlocked_list::push_result::pushed) {
        return false;
    }
    event_signal(*p_shared->group.changed);
    return true;
}

void batch::push_work_ended(std::uint64_t index) const noexcept {
    // A report lost to a full region is no loss of truth: the table has the state, the main process reads it at the
    // group's end.
    (void)reports().push(xpar::report_work_ended(index));
}

void batch::report_work_ended(std::uint64_t index) const noexcept {
    push_work_ended(index);
    event_signal(*p_shared->group.changed);
}

void batch::report_if_news(std::uint64_t index, work_state ended) const noexcept {
    if (ended != work_state::done || works().is_watched(index)) {
        report_work_ended(index);
    }
}

void batch::end_work(std::uint64_t index, std::uint32_t slot, work_state to, std::uint64_t result) const noexcept {
    if (!run_again(index, slot, to) && works().end(index, slot, to, result)) {
        report_if_news(index, to);
    }
}

bool batch::run_again(std::uint64_t index, std::uint32_t slot, work_state ended) const noexcept {
    const bool failed = ended == work_state::failed || ended == work_state::crashed;
    if (!failed || p_shared->limits == nullptr || index >= p_shared->work_count - p_shared->queue_count || stopping()) {
        return false;
    }
    // relaxed: a work has one owner at a time, who alone gets here.
    work_limits_shm& limits = p_shared->limits[index];
    const std::uint32_t left = limits.retries.load(std::memory_order_relaxed);
    if (left == 0) {
        return false;
    }
    limits.retries.store(left - 1, std::memory_order_relaxed);
    limits.attempts.store(limits.attempts.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return works().reopen(index, slot);
}

bool batch::stop_work(std::uint64_t index, stop_reason why) const noexcept {
    const work_view seen = works().view(index);
    if (seen.state != work_state::running || seen.slot == k_no_slot) {
        return false;
    }
    // The turn is read first: if the work is still this context's after that, it is the work of this turn, or the turn
    // is over and the stop comes to nothing.
    const std::uint64_t turn = context(seen.slot).turns.load();
    const work_view again = works().view(index);
    if (turn % 2 == 0 || again.state != work_state::running || again.slot != seen.slot ||
        context(seen.slot).current.load() != index + 1) {
        return false;
    }
    stop_turn(group(), seen.slot, turn, why);
    return true;
}

std::uint64_t batch::enforce_timeouts(std::uint64_t now_ns) const noexcept {
    // Nobody tells the zygote that a work begins, so it looks this often: a tenth of the shortest timeout there is.
    constexpr std::uint64_t k_shortest_ns = 1'000'000;
    constexpr std::uint64_t k_longest_ns = 50'000'000;
    if (p_shared->limits == nullptr || p_shared->shortest_timeout_ns == 0) {
        return ~std::uint64_t{0};
    }
    for (std::uint32_t slot = 0; slot < p_shared->group.context_count; ++slot) {
        const std::uint64_t noted = context(slot).current.load(std::memory_order_acquire);
        if (noted == 0 || noted > p_shared->work_count - p_shared->queue_count) {
            continue;
        }
        const std::uint64_t timeout_ns = p_shared->limits[noted - 1].timeout_ns;
        const work_shm& work = works().at(noted - 1);
        const work_view seen = works().view(noted - 1);
        // A work that has just been claimed again still has the start of its last attempt: it is cleared by reopen().
        const std::uint64_t started_ns = work.started_ns.load(std::memory_order_relaxed);
        if (timeout_ns != 0 && started_ns != 0 && seen.state == work_state::running && seen.slot == slot &&
            now_ns > started_ns && now_ns - started_ns >= timeout_ns && turn_stopped(slot) == stop_reason::none) {
            stop_work(noted - 1, stop_reason::timed_out);
        }
    }
    return now_ns + std::clamp(p_shared->shortest_timeout_ns / 10, k_shortest_ns, k_longest_ns);
}

bool batch::quiescent() const noexcept {
    // First and second look at the turns are one sum each: turns only go up, so equal sums mean that none has changed.
    // seq_cst: a context that found nothing to do has ended its turn so, too, see context_loop.
    std::uint64_t before = 0;
    const std::uint32_t slots = p_shared->group.context_count.load();
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
        const std::uint64_t turns = context(slot).turns.load();
        if (turns % 2 != 0) {
            return false;
        }
        before += turns;
    }
    if (works().has_pending()) {
        return false;
    }
    for (std::uint32_t number = 0; number < p_shared->queue_count; ++number) {
        if (queue(number).size() != 0) {
            return false;
        }
    }
    std::uint64_t after = 0;
    // Read again: a context that was made meanwhile and took what the looks missed has had its turn in a later slot.
    const std::uint32_t slots_after = p_shared->group.context_count.load();
    for (std::uint32_t slot = 0; slot < slots_after; ++slot) {
        after += context(slot).turns.load();
    }
    return before == after;
}

std::uint32_t batch::useful_contexts(std::uint32_t wanted) const noexcept {
    const std::uint32_t there = p_shared->group.context_count.load();
    if (wanted <= there || p_shared->queue_count != 0) {
        return std::max(wanted, there);
    }
    return there + static_cast<std::uint32_t>(works().pending(wanted - there));
}

bool batch::drained() const noexcept {
    for (std::uint32_t number = 0; number < p_shared->queue_count; ++number) {
        if (!queue_finished(number)) {
            return quiescent();
        }
    }
    return true;
}

std::uint64_t batch::reason_for_giving_up() const noexcept {
    const process_group_shm& of = p_shared->group;
    // relaxed: the zygote wrote them, and it is who asks; or it is dead.
    if (of.gave_up.load(std::memory_order_relaxed) == 0) {
        return 0;
    }
    const int fork_errno = of.fork_errno.load(std::memory_order_relaxed);
    for (std::uint32_t slot = 0; fork_errno == 0 && slot < of.context_count; ++slot) {
        if (context(slot).state.load(std::memory_order_acquire) == context_state::died) {
            const int wait_status = context(slot).wait_status.load(std::memory_order_relaxed);
            return static_cast<std::uint32_t>(wait_status); // contexts die of it before they begin
        }
    }
    return k_crash_no_context | static_cast<std::uint32_t>(fork_errno);
}

void batch::settle_rest(std::uint64_t reason) const noexcept {
    work_table table = works();
    const bool stopped = stopping();
    if (reason == 0) {
        reason = reason_for_giving_up();
    }
    const work_state to = stopped ? work_state::cancelled : work_state::crashed;
    for (std::uint64_t index = 0; index < table.size(); ++index) {
        const work_view seen = table.view(index);
        if (is_final(seen.state)) {
            continue;
        }
        if (seen.state == work_state::pending) {
            if (stopped) {
                table.cancel_pending(index);
            } else {
                table.take_pending(index, k_no_slot);
                table.end(index, k_no_slot, to, reason);
            }
        } else if (seen.slot == k_no_slot && !stopped && reason == 0) {
            table.end(index, k_no_slot, work_state::done, 0); // a queue's own work: it has done what there was to do
        } else {
            table.end(index, seen.slot, to, reason);
        }
        push_work_ended(index);
    }
    event_signal(*p_shared->group.changed); // once for all: there may be a million
}

void batch::settle_context(heap_cursor& cursor, std::uint32_t slot, int wait_status) const noexcept {
    context_shm& gone = context(slot);
    const auto status_bits = static_cast<std::uint64_t>(static_cast<std::uint32_t>(wait_status));
    // The only work it can have had: the note is written before a work is claimed, see work_table::claim.
    if (const std::uint64_t noted = gone.current.load(std::memory_order_acquire); noted != 0) {
        const std::uint64_t index = noted - 1;
        const work_view seen = works().view(index);
        const stop_reason why = turn_stopped(slot);
        if (seen.slot == slot && seen.state == work_state::running) {
            const bool cancelled = stopping() || why == stop_reason::cancelled;
            end_work(index, slot, cancelled ? work_state::cancelled : work_state::crashed,
                     why == stop_reason::timed_out ? status_bits | k_crash_timed_out : status_bits);
        } else if (seen.state == work_state::pending) {
            works().offer_again(index); // it may have died in the middle of reopen()
        } else if (seen.slot == slot && is_final(seen.state)) {
            report_if_news(index, seen.state); // it may have died between the end of the work and its report
        }
    }
    const std::uint32_t queue_number = gone.queue.load(std::memory_order_acquire);
    if (queue_number != 0 && !stopping()) {
        char body[sizeof status_bits];
        std::memcpy(body, &status_bits, sizeof body);
        report_record(cursor, record_kind::item_crashed, slot, queue_number - 1, {body, sizeof body});
    }
    if (p_shared->permits != nullptr) {
        reclaim_permit(*p_shared->permits, permit_owner(slot));
    }
    gone.current.store(0, std::memory_order_relaxed);
    gone.queue.store(0, std::memory_order_relaxed);
    // Its turn is over. seq_cst, and then the news of it: those who saw it in its turn are asleep, see context_loop.
    const std::uint64_t turns = gone.turns.load(std::memory_order_relaxed);
    gone.turns.store(turns + turns % 2);
    event_signal(p_shared->progress);
}

} // namespace xpar
