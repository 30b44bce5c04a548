#include "runtime/base/clock.hpp"

#include <ctime>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

namespace xpar {

namespace {

std::uint64_t read(clockid_t clock) noexcept {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

} // namespace

std::uint64_t monotonic_ns() noexcept {
    return read(CLOCK_MONOTONIC);
}

std::uint64_t coarse_monotonic_ns() noexcept {
    return read(CLOCK_MONOTONIC_COARSE);
}

std::uint64_t thread_processor_ns() noexcept {
    return read(CLOCK_THREAD_CPUTIME_ID);
}

std::uint64_t rdtsc() noexcept {
#if defined(__x86_64__)
    return __rdtsc();
#elif defined(__aarch64__)
    std::uint64_t ticks = 0;
    asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return monotonic_ns();
#endif
}

} // namespace xpar
