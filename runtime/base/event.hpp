// "Something changed": a counter in shared memory that processes can sleep on.
// The pattern, in any process:
//     seen = event_now(e);  look at the state;  if there is nothing to do: event_wait(e, seen, timeout);
// and whoever changes the state calls event_signal(e) after the change. No wake-up is lost, spurious ones happen.
// Not for: carrying what changed. A process killed between its change and its signal leaves the waiters asleep:
// whoever cleans up after it signals for it.
#pragma once

#include "runtime/base/futex.hpp"

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace xpar {

// All zeros is the start. Any process may use both fields through the functions below only.
struct event_shm {
    // The futex word: signallers add one. It wraps: a waiter would have to sleep through 2^32 signals to miss one.
    std::atomic<std::uint32_t> sequence;
    // Those asleep, about to be, or watching. One that is killed stays counted for ever, which costs every later signal
    // a system call and nothing else.
    std::atomic<std::uint32_t> waiters;
};
static_assert(std::is_standard_layout_v<event_shm> && std::is_trivially_destructible_v<event_shm>);
static_assert(sizeof(event_shm) == 8 && std::atomic<std::uint32_t>::is_always_lock_free);

inline std::uint32_t event_now(const event_shm& event) noexcept {
    // acquire pairs with the increment in event_signal: who sees the new number sees the change it stands for.
    return event.sequence.load(std::memory_order_acquire);
}

// Cost without waiters: one locked addition. With waiters: a system call more.
inline void event_signal(event_shm& event) noexcept {
    // Both seq_cst, and so is the waiter's addition to `waiters`, which comes before the kernel compares `sequence`: in
    // the single order of these, either this load sees the waiter, or the waiter's comparison sees the new number. The
    // addition must be unconditional: event_now() is read before the reader is counted as a waiter.
    event.sequence.fetch_add(1);
    if (event.waiters.load() != 0) {
        futex_wake(event.sequence);
    }
}

// For states that change so often that the addition costs more than the change: with nobody watching this reads one
// word and writes none. The state must be changed by a seq_cst operation.
inline void event_signal_watchers(event_shm& event) noexcept {
    // In the single order of seq_cst operations either this load sees the watcher's addition, or the watcher's look at
    // the state, which comes after its addition, sees the change.
    if (event.waiters.load() != 0) {
        event_signal(event);
    }
}

// Who waits for what event_signal_watchers tells of has one of these from before event_now() until after the wait, and
// looks at the state, in between, by seq_cst loads.
class event_watch {
public:
    explicit event_watch(event_shm& event) noexcept : m_event(event) { m_event.waiters.fetch_add(1); }
    event_watch(const event_watch&) = delete;
    event_watch& operator=(const event_watch&) = delete;
    ~event_watch() { m_event.waiters.fetch_sub(1, std::memory_order_relaxed); } // as in event_wait

private:
    event_shm& m_event;
};

// Returns `changed` at once when the sequence is no longer `seen`. timeout_ns < 0 is for ever.
wake_reason event_wait(event_shm& event, std::uint32_t seen, std::int64_t timeout_ns) noexcept;

} // namespace xpar
