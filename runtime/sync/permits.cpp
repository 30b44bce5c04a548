#include "runtime/sync/permits.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/base/futex.hpp"

#include <algorithm>

namespace xpar {
namespace {

int announce(permits_shm& permits, int wake) noexcept {
    permits.released.fetch_add(1); // before the wake: who is about to sleep does not
    return futex_wake(permits.released, wake);
}

} // namespace

void set_limit(permits_shm& permits, std::uint32_t limit) noexcept {
    limit = std::min(limit, k_most_permits);
    if (permits.limit.exchange(limit) < limit) {
        announce(permits, INT_MAX);
    }
}

void reclaim_permit(permits_shm& permits, std::uint64_t owner) noexcept {
    for (std::atomic<std::uint64_t>& held : permits.owners) {
        std::uint64_t expected = owner;
        if (held.load(std::memory_order_relaxed) == owner) {
            held.compare_exchange_strong(expected, 0);
        }
    }
    // Also when it had none: it may have been woken to take one, and nobody else was.
    announce(permits, 1);
}

void reclaim_permits(permits_shm& permits, std::uint32_t group) noexcept {
    for (std::atomic<std::uint64_t>& held : permits.owners) {
        std::uint64_t owner = held.load(std::memory_order_relaxed);
        if (owner >> 32 == group && owner != 0) {
            held.compare_exchange_strong(owner, 0);
        }
    }
    announce(permits, INT_MAX);
}

bool permit::try_acquire() noexcept {
    if (p_permits == nullptr || is_held()) {
        return true;
    }
    m_seen = p_permits->released.load(); // before the look: what is released after it ends the sleep
    if (m_goes_last) {
        m_goes_last = false;
        return false; // who was woken is first
    }
    const std::uint32_t limit = std::min(p_permits->limit.load(), k_most_permits);
    for (std::uint32_t index = 0; index < limit; ++index) {
        std::uint64_t free = 0;
        if (p_permits->owners[index].load(std::memory_order_relaxed) == 0 &&
            p_permits->owners[index].compare_exchange_strong(free, m_owner)) {
            m_index = index;
            m_since_ns = coarse_monotonic_ns();
            return true;
        }
    }
    return false;
}

void permit::sleep() noexcept {
    // The limit is for the one case that nobody tells of: who was woken has been stopped.
    (void)futex_wait(p_permits->released, m_seen, 1'000'000'000);
}

int permit::hand_on() noexcept {
    p_permits->owners[m_index].store(0);
    m_index = k_none;
    return announce(*p_permits, 1);
}

void permit::release() noexcept {
    if (p_permits != nullptr && is_held()) {
        (void)hand_on();
    }
}

bool permit::yield_if_due() noexcept {
    if (p_permits == nullptr || !is_held()) {
        return false;
    }
    const bool is_too_many = m_index >= p_permits->limit.load(std::memory_order_relaxed);
    if (!is_too_many && coarse_monotonic_ns() - m_since_ns < k_slice_ns) {
        return false;
    }
    m_goes_last = hand_on() != 0;
    return true;
}

} // namespace xpar
