// The futex system call for words in memory that processes share (never FUTEX_PRIVATE_FLAG).
// Not for waiting on a condition: event.hpp builds that from it.
#pragma once

#include <atomic>
#include <climits>
#include <cstdint>

namespace xpar {

enum class wake_reason {
    woken,   // by futex_wake, or for no reason at all: look at the condition again
    changed, // the word did not hold `expected`
    timed_out,
    interrupted, // a signal handler ran; the caller decides whether to go on
};

// Sleeps while `word` holds `expected`; timeout_ns < 0 is for ever.
wake_reason futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t timeout_ns) noexcept;

// Wakes up to `count` waiters; returns how many were asleep.
int futex_wake(std::atomic<std::uint32_t>& word, int count = INT_MAX) noexcept;

} // namespace xpar
