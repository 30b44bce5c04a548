// The clocks: nanoseconds for durations and deadlines, ticks for the finest comparisons.
#pragma once

#include <cstdint>

namespace xpar {

// CLOCK_MONOTONIC. The same clock in every process of the machine.
std::uint64_t monotonic_ns() noexcept;

// The same clock as of the system's last tick, up to 4 ms ago: 6 ns instead of 27, for what is asked after every work,
// however short.
std::uint64_t coarse_monotonic_ns() noexcept;

// CLOCK_THREAD_CPUTIME_ID: how long this thread has run. A system call, 0.2 us.
std::uint64_t thread_processor_ns() noexcept;

// The processor's tick counter: rdtsc on x86-64, cntvct_el0 on aarch64, monotonic_ns elsewhere. Neither serialising nor
// converted to any unit; comparable between processors where the hardware keeps the counters in step.
std::uint64_t rdtsc() noexcept;

} // namespace xpar
