#include "runtime/schedule/work_table.hpp"

#include "runtime/base/clock.hpp"

#include <algorithm>

namespace xpar {

work_view work_table::view(std::uint64_t index) const noexcept {
    // acquire pairs with the release half of end(): result and times of a final state are visible.
    const std::uint32_t packed = p_works[index].state.load(std::memory_order_acquire);
    return {static_cast<work_state>(packed & 0xff), packed >> 8};
}

bool work_table::claim(std::uint32_t slot, std::atomic<std::uint64_t>& note, std::uint64_t& index) noexcept {
    // acquire: of two who reopen works, the epoch of the later one tells of both.
    const std::uint64_t hint = p_next->load(std::memory_order_acquire);
    for (std::uint64_t at = index_of(hint); at < m_count; ++at) {
        std::uint32_t expected = pack(work_state::pending, 0);
        // acquire, and of a failed CAS too: what is seen taken is handed on by raising the hint.
        if (p_works[at].state.load(std::memory_order_acquire) != expected) {
            continue;
        }
        note.store(at + 1, std::memory_order_relaxed); // kept before the CAS by its release half
        if (p_works[at].state.compare_exchange_strong(expected, pack(work_state::running, slot),
                                                      std::memory_order_acq_rel, std::memory_order_acquire)) {
            advance_hint(at + 1, hint);
            index = at;
            return true;
        }
    }
    note.store(0, std::memory_order_relaxed);
    advance_hint(m_count, hint);
    return false;
}

std::uint64_t work_table::pending(std::uint64_t most) const noexcept {
    std::uint64_t found = 0;
    // acquire pairs with the raise: who skips a work that was taken sees what its taker did before, as quiescence
    // needs.
    for (std::uint64_t at = index_of(p_next->load(std::memory_order_acquire)); at < m_count && found < most; ++at) {
        found += p_works[at].state.load(std::memory_order_acquire) == pack(work_state::pending, 0);
    }
    return found;
}

bool work_table::end(std::uint64_t index, std::uint32_t slot, work_state to, std::uint64_t result) noexcept {
    work_shm& work = p_works[index];
    if (work.state.load(std::memory_order_relaxed) != pack(work_state::running, slot)) {
        return false;
    }
    work.result.store(result, std::memory_order_relaxed); // published by the CAS below
    work.ended_ns.store(monotonic_ns(), std::memory_order_relaxed);
    std::uint32_t expected = pack(work_state::running, slot);
    // seq_cst: the context's half of the watch handshake.
    return work.state.compare_exchange_strong(expected, pack(to, slot));
}

bool work_table::take_pending(std::uint64_t index, std::uint32_t slot) noexcept {
    std::uint32_t expected = pack(work_state::pending, 0);
    return p_works[index].state.compare_exchange_strong(expected, pack(work_state::running, slot));
}

bool work_table::cancel_pending(std::uint64_t index) noexcept {
    std::uint32_t expected = pack(work_state::pending, 0);
    if (!p_works[index].state.compare_exchange_strong(expected, pack(work_state::cancelled, 0))) {
        return false;
    }
    // Not before the CAS: the time would be that of a work somebody else may just have ended.
    p_works[index].ended_ns.store(monotonic_ns(), std::memory_order_relaxed);
    return true;
}

bool work_table::watch(std::uint64_t index) noexcept {
    p_works[index].watched.store(1); // seq_cst: the main process's half of the handshake
    return is_final(static_cast<work_state>(p_works[index].state.load() & 0xff));
}

bool work_table::reopen(std::uint64_t index, std::uint32_t slot) noexcept {
    p_works[index].started_ns.store(0, std::memory_order_relaxed); // of the attempt that failed
    std::uint32_t expected = pack(work_state::running, slot);
    if (!p_works[index].state.compare_exchange_strong(expected, pack(work_state::pending, 0))) {
        return false;
    }
    offer_again(index);
    return true;
}

void work_table::offer_again(std::uint64_t index) noexcept {
    std::uint64_t seen = p_next->load(std::memory_order_relaxed);
    std::uint64_t wanted = 0;
    do {
        const std::uint64_t epoch = (seen >> k_index_bits) + 1;
        wanted = epoch << k_index_bits | std::min(index_of(seen), index);
    } while (!p_next->compare_exchange_weak(seen, wanted, std::memory_order_acq_rel, std::memory_order_relaxed));
}

void work_table::advance_hint(std::uint64_t beyond, std::uint64_t seen_hint) noexcept {
    const std::uint64_t epoch = seen_hint >> k_index_bits;
    std::uint64_t seen = p_next->load(std::memory_order_relaxed);
    while (seen >> k_index_bits == epoch && index_of(seen) < beyond &&
           !p_next->compare_exchange_weak(seen, epoch << k_index_bits | beyond, std::memory_order_release,
                                          std::memory_order_relaxed)) {
    }
}

} // namespace xpar
