#include "runtime/base/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace xpar {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t), "the kernel looks at the bare word");

} // namespace

wake_reason futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t timeout_ns) noexcept {
    timespec timeout{};
    timespec* limit = nullptr;
    if (timeout_ns >= 0) {
        timeout.tv_sec = static_cast<time_t>(timeout_ns / 1'000'000'000);
        timeout.tv_nsec = static_cast<long>(timeout_ns % 1'000'000'000);
        limit = &timeout;
    }
    if (syscall(SYS_futex, &word, FUTEX_WAIT, expected, limit, nullptr, 0) == 0) {
        return wake_reason::woken;
    }
    switch (errno) {
    case EAGAIN:
        return wake_reason::changed;
    case ETIMEDOUT:
        return wake_reason::timed_out;
    case EINTR:
        return wake_reason::interrupted;
    default:
        return wake_reason::woken; // nothing else is documented for valid arguments; to the caller it is a spurious
                                   // wake-up
    }
}

int futex_wake(std::atomic<std::uint32_t>& word, int count) noexcept {
    const long woken = syscall(SYS_futex, &word, FUTEX_WAKE, count, nullptr, nullptr, 0);
    return woken > 0 ? static_cast<int>(woken) : 0;
}

} // namespace xpar
