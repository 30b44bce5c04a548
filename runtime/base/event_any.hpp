// Waiting for the first of several events (see event.hpp), for a context that serves more than one queue.
// Not for a single one: event_wait is cheaper and works on every kernel.
// Any process, any thread; nothing is held, so a killed waiter leaves no more than counts that are too high.
#pragma once

#include "runtime/base/event.hpp"

#include <cstddef>
#include <cstdint>

namespace xpar {

struct awaited_event {
    event_shm* event;
    std::uint32_t seen; // event_now() before the caller looked at the state the event speaks of
};

inline constexpr std::size_t k_max_awaited_events = 32;

// Returns when any of the events has moved on from `seen`, after `timeout_ns` (< 0: never), or on a signal; sometimes
// for no reason. More than k_max_awaited_events, and any number where the system has no futex_waitv (Linux before 5.16,
// some sandboxes), are looked at every 5 ms. As with event_wait, a signal that comes just before the sleep is not
// noticed by it.
void event_wait_any(const awaited_event* events, std::size_t count, std::int64_t timeout_ns) noexcept;

} // namespace xpar
