#include "runtime/base/event.hpp"

namespace xpar {

wake_reason event_wait(event_shm& event, std::uint32_t seen, std::int64_t timeout_ns) noexcept {
    if (event_now(event) != seen) {
        return wake_reason::changed;
    }
    event.waiters.fetch_add(1); // seq_cst: before the kernel compares the sequence, see event_signal
    const wake_reason reason = futex_wait(event.sequence, seen, timeout_ns);
    event.waiters.fetch_sub(1, std::memory_order_relaxed); // late news of it costs a signaller a system call
    return reason;
}

} // namespace xpar
