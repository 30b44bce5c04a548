#include "runtime/schedule/context_loop.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/base/event_any.hpp"

#include <unistd.h>

namespace xpar {
namespace {

class context_loop {
public:
    context_loop(const batch& of, std::uint32_t slot, work_runner& runner) noexcept
        : m_batch(of), m_slot(slot), m_self(of.context(slot)), m_works(of.works()), m_runner(runner), m_pid(getpid()) {}

    void run() noexcept {
        while (!m_batch.stopping()) {
            // Both seq_cst, before anything is taken: the quiescence argument rests on this order.
            m_self.claims.fetch_add(1);
            m_self.busy.store(1);
            const bool worked = try_work() || try_queues();
            m_self.busy.store(0);
            if (worked) {
                m_news = true;
                continue;
            }
            if (m_batch.shared().queue_count == 0 || all_queues_finished()) {
                break;
            }
            wait_for_items();
        }
        // A context that leaves is no longer busy: others may find the queues quiescent now.
        event_signal(m_batch.shared().progress);
    }

private:
    bool try_work() noexcept {
        std::uint64_t index = 0;
        if (!m_works.claim(m_slot, index)) {
            return false;
        }
        m_self.current.store(index + 1, std::memory_order_relaxed); // a note for settle and displays; the claim is the truth
        work_shm& work = m_works.at(index);
        work.pid.store(m_pid, std::memory_order_relaxed);
        work.started_ns.store(monotonic_ns(), std::memory_order_relaxed);
        const work_runner::outcome outcome = m_runner.run_work(index);
        m_batch.end_work(index, m_slot, outcome.state, outcome.result);
        m_self.works_ended.fetch_add(1, std::memory_order_relaxed);
        m_self.current.store(0, std::memory_order_release); // after the report: until then a death is repaired by reporting again
        return true;
    }

    bool try_queues() noexcept {
        const std::uint32_t count = m_batch.shared().queue_count;
        for (std::uint32_t step = 0; step < count; ++step) {
            const std::uint32_t number = (m_first_queue + step) % count;
            m_self.queue.store(number + 1, std::memory_order_relaxed); // before the pop: an item taken is an item accounted for
            std::uint64_t value = 0;
            if (m_batch.queue(number).pop(value)) {
                if (m_runner.run_item(number, value)) {
                    m_batch.shared().queues[number].consumed.fetch_add(1, std::memory_order_relaxed);
                }
                m_self.works_ended.fetch_add(1, std::memory_order_relaxed);
                m_self.queue.store(0, std::memory_order_release);
                m_first_queue = (number + 1) % count; // round robin: a busy queue does not starve the others
                return true;
            }
        }
        m_self.queue.store(0, std::memory_order_relaxed);
        return false;
    }

    bool all_queues_finished() const noexcept {
        for (std::uint32_t number = 0; number < m_batch.shared().queue_count; ++number) {
            if (!m_batch.queue_finished(number)) {
                return m_batch.quiescent();
            }
        }
        return true;
    }

    void wait_for_items() noexcept {
        const std::uint32_t count = m_batch.shared().queue_count;
        awaited_event awaited[k_max_awaited_events];
        std::size_t used = 0;
        awaited[used++] = {&m_batch.shared().progress, event_now(m_batch.shared().progress)};
        for (std::uint32_t number = 0; number < count && used < k_max_awaited_events; ++number) {
            event_shm& pushed = m_batch.queue(number).event();
            awaited[used++] = {&pushed, event_now(pushed)};
        }
        // Looked at again after the sequences were read: whatever comes later moves one of them.
        for (std::uint32_t number = 0; number < count; ++number) {
            if (m_batch.queue(number).size() != 0) {
                return;
            }
        }
        if (all_queues_finished() || m_batch.stopping()) {
            return;
        }
        // This context has become idle, which may be what another one is waiting to see.
        if (m_news) {
            m_news = false;
            event_signal(m_batch.shared().progress);
            return;
        }
        const bool watches_all = count < k_max_awaited_events;
        event_wait_any(awaited, used, watches_all ? k_safety_ns : 5'000'000);
    }

    // A stop comes as a signal, which ends the wait; only one that arrives just before the wait begins is seen this much later.
    static constexpr std::int64_t k_safety_ns = 100'000'000;

    const batch& m_batch;
    const std::uint32_t m_slot;
    context_shm& m_self;
    work_table m_works;
    work_runner& m_runner;
    const pid_t m_pid;
    std::uint32_t m_first_queue = 0;
    bool m_news = false; // something ended here since the last signal of progress
};

} // namespace

void run_context_loop(const batch& of, std::uint32_t slot, work_runner& runner) noexcept {
    context_loop(of, slot, runner).run();
}

} // namespace xpar
