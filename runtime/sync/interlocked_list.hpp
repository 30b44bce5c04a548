// The interlocked list: a queue of 8-byte values in the region that any process pushes to, pops from and reads, without
// locks. A process killed at any instruction leaves it whole: a push has happened or not, and nobody waits for the
// dead. Not for giving memory back: a slot is used once, 8 bytes a push stay until the heap is released. Handles are
// cheap, made per use. All functions: any process, any thread, at any time while the heap lives.
//
// The argument. Slots only ever go k_empty -> value -> k_taken, or k_empty -> k_closed, each step one compare-and-swap.
//  1. A value goes into slot i only after its pusher saw every slot below i filled, so the filled slots are a prefix;
//     a pop takes slot i only after seeing every slot below taken, so the taken slots are a prefix of that prefix.
//     The first slot that is not filled is the tail, the first that is not taken the head; both only ever move up.
//  2. `tail` and `head` of the struct are hints, never beyond the real ones: each is raised only by a process that has
//     seen all slots below filled (taken). The raise is a release and the read an acquire, so that who starts at a hint
//     also sees what the raiser saw. A hint left behind by a killed process is raised by the next one that walks over
//     the gap.
//  3. The push is the CAS k_empty -> value. Its release half pairs with the acquire load or CAS of whoever reads the
//     value: the record that the value names is complete. The pop is the CAS value -> k_taken; exactly one can succeed.
//  4. Closing is the CAS k_empty -> k_closed in the slot at the tail, so it has one place in the order of pushes:
//     nothing is pushed behind it. Where that slot's segment does not exist, the directory entry is closed instead
//     (CAS 0 -> k_closed_segment): no segment will ever be there. So closing needs no memory and cannot fail.
//  5. A push tells only those who watch (event_signal_watchers), or two pushers would write one more shared word each
//     time. So whatever a watcher looks at, slots and entries of segments, is changed and read seq_cst.
#pragma once

#include "runtime/base/event.hpp"
#include "runtime/memory/region.hpp"

#include <atomic>
#include <bit>
#include <cstdint>
#include <type_traits>

namespace xpar {

// What a slot holds besides values. Values may be anything else; the reserved ones are even and no multiple of 8, which
// no inline scalar, record offset or report is.
inline constexpr std::uint64_t k_empty = 0;
inline constexpr std::uint64_t k_taken = 4;
inline constexpr std::uint64_t k_closed = 12;

constexpr bool is_list_value(std::uint64_t slot) noexcept {
    return slot != k_empty && slot != k_taken && slot != k_closed;
}

// All zeros is an empty, open list. Tail and head are on lines of their own: pushers do not disturb poppers.
// The first k_inline_slots slots are here; segment k holds 8,192 << k slots, that is 2^k chunks.
struct interlocked_list_shm {
    static constexpr std::size_t k_inline_slots = 32;
    static constexpr std::size_t k_segments = 32;

    alignas(64) std::atomic<std::uint64_t> tail; // hint (2); anyone raises it
    event_shm pushed;                            // see event()
    std::atomic<std::uint32_t> grew; // 1 from before the first segment is asked for: 0 means it owns no chunk
    alignas(64) std::atomic<std::uint64_t> head; // hint (2); anyone raises it
    alignas(64)
        std::atomic<region_offset> segments[k_segments]; // 0, then an offset or k_closed_segment, for good, by CAS (4)
    alignas(64) std::atomic<std::uint64_t> slots[k_inline_slots]; // by CAS only (1, 3, 4)
};
static_assert(std::is_standard_layout_v<interlocked_list_shm> &&
              std::is_trivially_destructible_v<interlocked_list_shm>);
static_assert(sizeof(interlocked_list_shm) == 640 && std::atomic<std::uint64_t>::is_always_lock_free);

class interlocked_list {
public:
    enum class push_result { pushed, closed, region_full };

    // `heap` owns the segments.
    interlocked_list(region* memory, interlocked_list_shm* shared, heap_id heap) noexcept
        : p_region(memory), p_shared(shared), m_heap(heap) {}

    // `index` receives the value's place in the order of all pushes. `known_tail` is what one thread of this process
    // has learned of this list's tail by its pushes, 0 at first: with it a push seldom writes the line that all pushers
    // read.
    push_result push(std::uint64_t value, std::uint64_t* index = nullptr, std::uint64_t* known_tail = nullptr) noexcept;

    // The oldest value; false when the list was empty at a moment during the call.
    bool pop(std::uint64_t& value) noexcept;

    // Ever popped, and ever pushed; both exact at a moment during the call.
    std::uint64_t head() const noexcept;
    std::uint64_t tail() const noexcept;

    // tail - head at one moment during the call. Starts again whenever a pop comes between.
    std::uint64_t size() const noexcept;

    // The slot as it is: a value, or one of the reserved ones; k_empty beyond the end.
    std::uint64_t load(std::uint64_t index) const noexcept;

    // Nothing can be pushed any more; values stay. Cannot fail; doing it again changes nothing.
    void close() noexcept;
    bool closed() const noexcept;

    // Sleeps until tail() > tail_seen or closed(): true. False after timeout_ns (< 0: never) or on a signal; `reason`
    // tells the last sleep's end. A signal that arrives just before the sleep is not noticed by it: bound the timeout.
    bool wait_beyond(std::uint64_t tail_seen, std::int64_t timeout_ns, wake_reason* reason = nullptr) const noexcept;

    // For conditions the list knows nothing of, and for who cleans up after a pusher that may have died before its
    // signal.
    void wake_all() const noexcept { event_signal(p_shared->pushed); }

    // Signalled after every close and wake_all, and after every push for those that have an event_watch.
    event_shm& event() const noexcept { return p_shared->pushed; }

private:
    using slot = std::atomic<std::uint64_t>;

    static constexpr region_offset k_closed_segment = 1;
    static constexpr unsigned k_first_segment_bits = 13; // 8,192 slots of 8 bytes: one chunk

    struct place {
        unsigned segment;
        std::uint64_t index; // in the segment
    };
    static constexpr place place_of(std::uint64_t index) noexcept {
        const std::uint64_t shifted =
            index - interlocked_list_shm::k_inline_slots + (std::uint64_t{1} << k_first_segment_bits);
        const auto top = static_cast<unsigned>(std::bit_width(shifted)) - 1;
        return {top - k_first_segment_bits, shifted - (std::uint64_t{1} << top)};
    }
    static constexpr std::size_t segment_bytes(unsigned segment) noexcept { return k_chunk_bytes << segment; }

    // Null when the slot's segment does not exist.
    slot* find(std::uint64_t index) const noexcept;

    push_result install_segment(std::uint64_t index) noexcept;
    std::uint64_t walk_to_tail(std::uint64_t& content) const noexcept;

    region* p_region;
    interlocked_list_shm* p_shared;
    heap_id m_heap;
};

} // namespace xpar
