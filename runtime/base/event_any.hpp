// Waiting for the first of several events (see event.hpp), for a context that serves more than one queue.
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

// Returns when any of the events has moved on from `seen`, after `timeout_ns` (< 0: never), or on a signal.
// At most k_max_awaited_events are watched; more, or a kernel without futex_waitv (before Linux 5.16), are looked at every 5 ms.
void event_wait_any(const awaited_event* events, std::size_t count, std::int64_t timeout_ns) noexcept;

} // namespace xpar
