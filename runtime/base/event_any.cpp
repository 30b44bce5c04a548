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

constexpr std::uint64_t k_poll_ns = 5'000'000;
constexpr std::uint64_t k_never = ~std::uint64_t{0};

bool any_moved(const awaited_event* events, std::size_t count) noexcept {
    return std::any_of(events, events + count,
                       [](const awaited_event& awaited) { return event_now(*awaited.event) != awaited.seen; });
}

timespec timespec_of(std::uint64_t ns) noexcept {
    return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

// False when the system does not let us wait for several words.
bool try_sleep(const awaited_event* events, std::size_t count, std::uint64_t deadline_ns) noexcept {
#ifdef SYS_futex_waitv
    futex_waitv words[k_max_awaited_events] = {};
    for (std::size_t i = 0; i < count; ++i) {
        words[i].uaddr = reinterpret_cast<std::uintptr_t>(&events[i].event->sequence);
        words[i].val = events[i].seen;
        words[i].flags = FUTEX_32; // not FUTEX_PRIVATE_FLAG: shared between processes
    }
    timespec until = timespec_of(deadline_ns);
    timespec* const limit = deadline_ns == k_never ? nullptr : &until;
    if (syscall(SYS_futex_waitv, words, count, 0, limit, CLOCK_MONOTONIC) >= 0) {
        return true;
    }
    // Whatever else is refused with (ENOSYS by old kernels, EPERM by old sandboxes) would be refused for ever: taking
    // it for a spurious wake-up would make the caller spin.
    return errno == EAGAIN || errno == EINTR || errno == ETIMEDOUT;
#else
    (void)events;
    (void)count;
    (void)deadline_ns;
    return false;
#endif
}

void poll_until(const awaited_event* events, std::size_t count, std::uint64_t deadline_ns) noexcept {
    for (std::uint64_t now = monotonic_ns(); now < deadline_ns && !any_moved(events, count); now = monotonic_ns()) {
        const timespec nap = timespec_of(std::min(k_poll_ns, deadline_ns - now));
        if (nanosleep(&nap, nullptr) != 0) {
            return; // a signal
        }
    }
}

} // namespace

void event_wait_any(const awaited_event* events, std::size_t count, std::int64_t timeout_ns) noexcept {
    const std::uint64_t deadline = timeout_ns < 0 ? k_never : monotonic_ns() + static_cast<std::uint64_t>(timeout_ns);
    for (std::size_t i = 0; i < count; ++i) {
        events[i].event->waiters.fetch_add(1); // seq_cst: pairs with the signaller's read, as in event_wait
    }
    // Looked at first: it spares the system call where the news came before the sleep, which is often.
    if (!any_moved(events, count) && (count > k_max_awaited_events || !try_sleep(events, count, deadline))) {
        poll_until(events, count, deadline);
    }
    for (std::size_t i = 0; i < count; ++i) {
        events[i].event->waiters.fetch_sub(1, std::memory_order_relaxed); // as in event_wait
    }
}

} // namespace xpar
