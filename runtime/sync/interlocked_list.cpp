#include "runtime/sync/interlocked_list.hpp"

#include "runtime/base/check.hpp"
#include "runtime/base/clock.hpp"

#include <algorithm>

namespace xpar {
namespace {

// Raises a hint to what the caller has seen to be true. release pairs with the acquire of who starts there (2).
void raise(std::atomic<std::uint64_t>& hint, std::uint64_t to) noexcept {
    std::uint64_t seen = hint.load(std::memory_order_relaxed);
    while (seen < to && !hint.compare_exchange_weak(seen, to, std::memory_order_release, std::memory_order_relaxed)) {
    }
}

// How many slots apart those pushes are that raise the shared hint, of those that have one of their own: two lines.
constexpr std::uint64_t k_raised_every = 16;

// 1.4 microseconds (14 ns a pause on the machine measured). Who has just lost a slot leaves the others the line it is
// in for some pushes: were it to ask for it again at once, every push of either would wait for it. Benchmark: push_int.
void leave_the_line() noexcept {
    for (int i = 0; i < 100; ++i) {
#ifdef __x86_64__
        __builtin_ia32_pause();
#endif
    }
}

} // namespace

interlocked_list::slot* interlocked_list::find(std::uint64_t index) const noexcept {
    if (index < interlocked_list_shm::k_inline_slots) {
        return &p_shared->slots[index];
    }
    const place at = place_of(index);
    if (at.segment >= interlocked_list_shm::k_segments) {
        return nullptr;
    }
    // seq_cst for (5); as an acquire it pairs with the install: the segment's chunks are claimed, their pages zero.
    const region_offset segment = p_shared->segments[at.segment].load();
    return segment <= k_closed_segment ? nullptr : p_region->as<slot>(segment) + at.index;
}

std::uint64_t interlocked_list::load(std::uint64_t index) const noexcept {
    if (const slot* const found = find(index); found != nullptr) {
        return found->load(); // seq_cst for (5); as an acquire it pairs with the push (3)
    }
    const place at = place_of(index);
    const bool ends_here =
        at.segment < interlocked_list_shm::k_segments && at.index == 0 &&
        p_shared->segments[at.segment].load(std::memory_order_relaxed) == k_closed_segment; // final: nothing to order
    return ends_here ? k_closed : k_empty;
}

interlocked_list::push_result interlocked_list::push(std::uint64_t value, std::uint64_t* index,
                                                     std::uint64_t* known_tail) noexcept {
    XPAR_ASSERT(is_list_value(value), "a reserved value cannot be pushed");
    std::uint64_t at = p_shared->tail.load(std::memory_order_acquire); // (2)
    if (known_tail != nullptr) {
        at = std::max(at, *known_tail);
    }
    bool is_alone = true;
    for (;;) {
        slot* const target = find(at);
        if (target == nullptr) {
            if (const push_result installed = install_segment(at); installed != push_result::pushed) {
                return installed;
            }
            continue;
        }
        // The first slot is tried unread: a line that another processor has would be fetched twice, to read and to
        // write.
        std::uint64_t seen = is_alone ? k_empty : target->load(std::memory_order_acquire);
        // seq_cst: (5), and (3) as a release. acquire, on failure too: what was seen filled is handed on by raising the
        // hint (2).
        if (seen == k_empty &&
            target->compare_exchange_strong(seen, value, std::memory_order_seq_cst, std::memory_order_acquire)) {
            if (known_tail == nullptr || (at + 1) % k_raised_every == 0) {
                raise(p_shared->tail, at + 1);
            }
            if (known_tail != nullptr) {
                *known_tail = at + 1;
            }
            event_signal_watchers(p_shared->pushed);
            if (index != nullptr) {
                *index = at;
            }
            return push_result::pushed;
        }
        if (seen == k_closed) {
            return push_result::closed;
        }
        if (is_alone) {
            is_alone = false;
            leave_the_line();
        }
        ++at;
    }
}

bool interlocked_list::pop(std::uint64_t& value) noexcept {
    std::uint64_t at = p_shared->head.load(std::memory_order_acquire); // (2)
    for (;; ++at) {
        slot* const target = find(at);
        if (target == nullptr) {
            return false; // every slot before it is taken, and this one cannot be filled yet
        }
        std::uint64_t seen = target->load(std::memory_order_acquire); // pairs with the push (3)
        if (seen == k_empty || seen == k_closed) {
            return false;
        }
        // A failure means that somebody else has taken it: a filled slot goes nowhere else.
        if (seen != k_taken &&
            target->compare_exchange_strong(seen, k_taken, std::memory_order_acq_rel, std::memory_order_acquire)) {
            raise(p_shared->head, at + 1);
            value = seen;
            return true;
        }
    }
}

std::uint64_t interlocked_list::head() const noexcept {
    const std::uint64_t hint = p_shared->head.load(std::memory_order_acquire); // (2)
    std::uint64_t at = hint;
    while (load(at) == k_taken) {
        ++at;
    }
    if (at != hint) {
        raise(p_shared->head, at);
    }
    return at;
}

std::uint64_t interlocked_list::tail() const noexcept {
    std::uint64_t content = k_empty;
    return walk_to_tail(content);
}

// `content`: what the slot at the tail held, k_empty or k_closed.
std::uint64_t interlocked_list::walk_to_tail(std::uint64_t& content) const noexcept {
    const std::uint64_t hint = p_shared->tail.load(std::memory_order_acquire); // (2)
    std::uint64_t at = hint;
    for (content = load(at); content != k_empty && content != k_closed; content = load(at)) {
        ++at;
    }
    if (at != hint) {
        raise(p_shared->tail, at);
    }
    return at;
}

std::uint64_t interlocked_list::size() const noexcept {
    for (;;) {
        const std::uint64_t first = head();
        const std::uint64_t end = tail();
        // Not taken now, hence not when the tail was seen either: at that moment the list held exactly these.
        if (load(first) != k_taken) {
            return end - first;
        }
    }
}

interlocked_list::push_result interlocked_list::install_segment(std::uint64_t index) noexcept {
    const place at = place_of(index);
    if (at.segment >= interlocked_list_shm::k_segments) {
        return push_result::region_full; // 2^45 slots: more than a region can hold
    }
    std::atomic<region_offset>& entry = p_shared->segments[at.segment];
    region_offset seen = entry.load(std::memory_order_acquire);
    if (seen == 0) {
        // seq_cst, before the chunks are claimed: a release after a kill in between looks for them.
        p_shared->grew.store(1);
        const region_offset made = p_region->allocate(segment_bytes(at.segment), m_heap);
        // seq_cst: (5), the release pairs with find(), the acquire is for the segment of whoever was first.
        if (made != 0 &&
            entry.compare_exchange_strong(seen, made, std::memory_order_seq_cst, std::memory_order_acquire)) {
            return push_result::pushed;
        }
        if (made != 0) {
            p_region->free(made, segment_bytes(at.segment));
        } else {
            seen = entry.load(std::memory_order_acquire);
        }
    }
    return seen == 0 ? push_result::region_full : seen == k_closed_segment ? push_result::closed : push_result::pushed;
}

void interlocked_list::close() noexcept {
    std::uint64_t at = p_shared->tail.load(std::memory_order_acquire); // (2)
    for (;;) {
        // acq_rel, acquire on failure: what was seen filled is handed on by raising the hint (2).
        if (slot* const target = find(at); target != nullptr) {
            std::uint64_t seen = k_empty;
            if (target->compare_exchange_strong(seen, k_closed, std::memory_order_acq_rel, std::memory_order_acquire) ||
                seen == k_closed) {
                break;
            }
            ++at;
            continue;
        }
        const place missing = place_of(at);
        XPAR_CHECK(missing.segment < interlocked_list_shm::k_segments, "a list has no more than 2^45 slots");
        region_offset seen = 0;
        if (p_shared->segments[missing.segment].compare_exchange_strong(
                seen, k_closed_segment, std::memory_order_acq_rel, std::memory_order_acquire) ||
            seen == k_closed_segment) {
            break;
        }
    }
    raise(p_shared->tail, at);
    event_signal(p_shared->pushed);
}

bool interlocked_list::closed() const noexcept {
    std::uint64_t content = k_empty;
    walk_to_tail(content);
    return content == k_closed;
}

bool interlocked_list::wait_beyond(std::uint64_t tail_seen, std::int64_t timeout_ns,
                                   wake_reason* reason) const noexcept {
    const std::uint64_t deadline = timeout_ns < 0 ? 0 : monotonic_ns() + static_cast<std::uint64_t>(timeout_ns);
    wake_reason last = wake_reason::changed;
    const event_watch watching(p_shared->pushed); // (5)
    for (;;) {
        const std::uint32_t seen = event_now(p_shared->pushed);
        std::uint64_t content = k_empty;
        const bool reached = walk_to_tail(content) > tail_seen || content == k_closed;
        if (reached || last == wake_reason::timed_out || last == wake_reason::interrupted) {
            if (reason != nullptr) {
                *reason = last;
            }
            return reached;
        }
        std::int64_t left = -1;
        if (timeout_ns >= 0) {
            const std::uint64_t now = monotonic_ns();
            left = now >= deadline ? 0 : static_cast<std::int64_t>(deadline - now);
        }
        last = event_wait(p_shared->pushed, seen, left);
    }
}

} // namespace xpar
