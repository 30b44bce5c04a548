#include "runtime/base/event_any.hpp"

#include "runtime/base/clock.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace xpar {
namespace {

constexpr std::int64_t k_poll_ns = 5'000'000;

bool any_moved(const awaited_event* events, std::size_t count) noexcept {
    return std::any_of(events, events + count,
                       [](const awaited_event& awaited) { return event_now(*awaited.event) != awaited.seen; });
}

// False when the kernel cannot wait for several words.
bool wait_once(const awaited_event* events, std::size_t count, std::int64_t timeout_ns) noexcept {
#ifdef SYS_futex_waitv
    futex_waitv words[k_max_awaited_events] = {};
    for (std::size_t i = 0; i < count; ++i) {
        words[i].uaddr = reinterpret_cast<std::uintptr_t>(&events[i].event->sequence);
        words[i].val = events[i].seen;
        words[i].flags = FUTEX_32; // not FUTEX_PRIVATE_FLAG: shared between processes
    }
    timespec deadline{};
    timespec* until = nullptr;
    if (timeout_ns >= 0) {
        const std::uint64_t at = monotonic_ns() + static_cast<std::uint64_t>(timeout_ns);
        deadline.tv_sec = static_cast<time_t>(at / 1'000'000'000);
        deadline.tv_nsec = static_cast<long>(at % 1'000'000'000);
        until = &deadline;
    }
    return syscall(SYS_futex_waitv, words, count, 0, until, CLOCK_MONOTONIC) >= 0 || errno != ENOSYS;
#else
    (void)events;
    (void)count;
    (void)timeout_ns;
    return false;
#endif
}

} // namespace

void event_wait_any(const awaited_event* events, std::size_t count, std::int64_t timeout_ns) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        events[i].event->waiters.fetch_add(1); // seq_cst: pairs with the signaller's read, as in event_wait
    }
    if (!any_moved(events, count)) {
        if (count > k_max_awaited_events || !wait_once(events, count, timeout_ns)) {
            const std::int64_t pause = timeout_ns < 0 ? k_poll_ns : std::min(k_poll_ns, timeout_ns);
            const timespec nap{0, static_cast<long>(pause)};
            nanosleep(&nap, nullptr);
        }
    }
    for (std::size_t i = 0; i < count; ++i) {
        events[i].event->waiters.fetch_sub(1, std::memory_order_relaxed);
    }
}

} // namespace xpar
