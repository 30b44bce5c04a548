// The two clocks: nanoseconds for durations and deadlines, ticks for the finest comparisons.
#pragma once

#include <cstdint>

namespace xpar {

// CLOCK_MONOTONIC. The same clock in every process of the machine.
std::uint64_t monotonic_ns() noexcept;

// The processor's tick counter: rdtsc on x86-64, cntvct_el0 on aarch64, monotonic_ns elsewhere. Neither serialising nor
// converted to any unit; comparable between processors where the hardware keeps the counters in step.
std::uint64_t rdtsc() noexcept;

} // namespace xpar
