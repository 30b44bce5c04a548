// The works of one batch as an array in the region: claim, end, cancel, watch.
// Not for: results as Python objects, or who waits for them.
// Any process of the batch may call anything here; see README.md for why a death at any instruction is harmless.
#pragma once

#include <atomic>
#include <cstdint>

namespace xpar {

enum class work_state : std::uint32_t { pending, running, done, failed, cancelled, crashed };

constexpr bool is_final(work_state state) noexcept {
    return state >= work_state::done;
}

// 40 bytes a work. `state` packs the state (low 8 bits) and the owning slot (the rest), see claim().
struct work_shm {
    std::atomic<std::uint32_t> state;   // pending: the main process; running: the claimer; final: whoever wins the CAS
    std::atomic<std::uint32_t> watched; // main process: its end is to be reported
    std::atomic<std::uint64_t> result; // list-slot value of the result or error; wait status of a crash; before `state`
    std::atomic<std::uint64_t> started_ns; // the owner, before it runs the work
    std::atomic<std::uint64_t> ended_ns;   // whoever ends it, before `state`; after it for a work that never began
    std::atomic<std::int32_t> pid;         // the owner's process, for messages
    std::uint32_t reserved;
};
static_assert(sizeof(work_shm) == 40);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

struct work_view {
    work_state state;
    std::uint32_t slot; // meaningful unless pending or cancelled before it ran
};

class work_table {
public:
    work_table(work_shm* works, std::uint64_t count, std::atomic<std::uint64_t>& next) noexcept
        : p_works(works), m_count(count), p_next(&next) {}

    std::uint64_t size() const noexcept { return m_count; }
    work_shm& at(std::uint64_t index) const noexcept { return p_works[index]; }
    work_view view(std::uint64_t index) const noexcept;

    // The first pending work at or after the hint, now running in `slot`; false when none is left. `note` holds index +
    // 1 of a work from before it is claimed, and 0 when none was: who settles the death of a claimer finds in it the
    // one work that the claimer can have had.
    bool claim(std::uint32_t slot, std::atomic<std::uint64_t>& note, std::uint64_t& index) noexcept;

    // False when nothing at or after the hint is pending.
    bool has_pending() const noexcept { return pending(1) != 0; }

    // How many are pending there, but no more than `most`: the search ends with these.
    std::uint64_t pending(std::uint64_t most) const noexcept;

    // Moves a work `slot` is running to a final state. False when it is not (any longer) running there.
    bool end(std::uint64_t index, std::uint32_t slot, work_state to, std::uint64_t result) noexcept;

    // Takes a pending work for nobody (`slot` k_no_slot of batch.hpp), so that it can be brought to an end. False when
    // it is not pending.
    bool take_pending(std::uint64_t index, std::uint32_t slot) noexcept;

    // Takes back a work nobody has begun. False when somebody has.
    bool cancel_pending(std::uint64_t index) noexcept;

    // Has a work that `slot` is running run again, by whoever takes it next. False when it is not running there.
    bool reopen(std::uint64_t index, std::uint32_t slot) noexcept;

    // The second half of reopen(), for one who died between the two.
    void offer_again(std::uint64_t index) noexcept;

    // Marks the work as watched; true when it had already ended, so that no report may come.
    bool watch(std::uint64_t index) noexcept;

    bool is_watched(std::uint64_t index) const noexcept { return p_works[index].watched.load() != 0; }

private:
    static constexpr std::uint32_t pack(work_state state, std::uint32_t slot) noexcept {
        return static_cast<std::uint32_t>(state) | slot << 8;
    }

    // The hint is an index below an epoch, which reopen() raises: who has looked at a work before it was pending again
    // cannot raise the hint beyond it.
    static constexpr int k_index_bits = 40;
    static constexpr std::uint64_t index_of(std::uint64_t hint) noexcept {
        return hint & ((std::uint64_t{1} << k_index_bits) - 1);
    }

    void advance_hint(std::uint64_t beyond, std::uint64_t seen_hint) noexcept;

    work_shm* p_works;
    std::uint64_t m_count;
    std::atomic<std::uint64_t>* p_next;
};

} // namespace xpar
