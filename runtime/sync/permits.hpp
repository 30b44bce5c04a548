// Leave to run: at most so many processes have a permit at a time, whichever batch they are of. A process that is
// killed at any instruction loses no permit for good: each is a word that names its owner, and whoever cleans up takes
// it back. Who has to wait sleeps, and is woken in the order of arrival.
#pragma once

#include <atomic>
#include <cstdint>

namespace xpar {

inline constexpr std::uint32_t k_most_permits = 4096;

// All zeros is no permit at all: set_limit() makes some.
struct permits_shm {
    std::atomic<std::uint32_t> limit;                  // any process; the first `limit` of `owners` may be taken
    std::atomic<std::uint32_t> released;               // the futex word: counts what may be news to those asleep
    std::atomic<std::uint64_t> owners[k_most_permits]; // 0: free
};

void set_limit(permits_shm& permits, std::uint32_t limit) noexcept;

// Takes back what an owner had who is dead.
void reclaim_permit(permits_shm& permits, std::uint64_t owner) noexcept;
// The same for all owners whose upper half is `group`.
void reclaim_permits(permits_shm& permits, std::uint32_t group) noexcept;

// One process's permit. The owner's number names this process among all that may ever have one: not 0, the upper half a
// group's number.
class permit {
public:
    permit() = default;
    permit(permits_shm* permits, std::uint64_t owner) noexcept : p_permits(permits), m_owner(owner) {}

    bool is_held() const noexcept { return m_index != k_none; }

    // Sleeps until there is one. `gives_up` is asked after each signal, and once a second: then false. True at once
    // where nothing is limited.
    template <class GivesUp>
    bool acquire(GivesUp gives_up) noexcept {
        while (!try_acquire()) {
            if (gives_up()) {
                return false;
            }
            sleep();
        }
        return true;
    }

    // Hands it on.
    void release() noexcept;

    // Between two turns: after k_slice_ns it is handed to who waits for one, if any, and so is one that there should
    // not be any more, because the limit was lowered. True when this process has none now.
    bool yield_if_due() noexcept;

private:
    static constexpr std::uint32_t k_none = ~std::uint32_t{0};
    static constexpr std::uint64_t k_slice_ns = 10'000'000;

    bool try_acquire() noexcept;
    void sleep() noexcept;
    int hand_on() noexcept; // how many it has woken

    permits_shm* p_permits = nullptr;
    std::uint64_t m_owner = 0;
    std::uint32_t m_index = k_none;
    std::uint32_t m_seen = 0; // `released`, before the last look
    bool m_goes_last = false; // it has just handed its own on
    std::uint64_t m_since_ns = 0;
};

} // namespace xpar
