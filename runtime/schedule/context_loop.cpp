#include "runtime/schedule/context_loop.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/base/event_any.hpp"
#include "runtime/process/home_process.hpp"
#include "runtime/process/signals.hpp"

#include <unistd.h>

#include <ctime>
#include <optional>

namespace xpar {
namespace {

class context_loop {
public:
    context_loop(const batch& of, std::uint32_t slot, permit& leave, work_runner& runner) noexcept
        : m_batch(of), m_slot(slot), m_self(of.context(slot)), m_works(of.works()), m_leave(leave), m_runner(runner) {}

    void run() noexcept {
        // A turn in which it looks for nothing: it has begun, and may wait for its permit as long as it takes.
        m_self.turns.store(m_self.turns.load(std::memory_order_relaxed) + 2, std::memory_order_release);
        while (!m_batch.stopping()) {
            if (interrupted_just_now_child()) {
                constexpr timespec k_nap{0, 2'000'000}; // ended early by the signal that a stop comes with
                nanosleep(&k_nap, nullptr);
                continue;
            }
            if (!m_leave.is_held() && !m_leave.acquire([this] { return m_batch.stopping(); })) {
                break;
            }
            if (take_turn()) {
                (void)m_leave.yield_if_due();
                continue;
            }
            m_leave.release();
            if (m_batch.drained()) {
                break;
            }
            wait_for_items();
        }
        m_leave.release();
        // It found everything idle, which those asleep at the queues did not: they look again.
        event_signal(m_batch.shared().progress);
    }

private:
    bool take_turn() noexcept {
        const std::uint64_t turns = m_self.turns.load(std::memory_order_relaxed); // nobody else writes it now
        // relaxed: what is taken is taken by a release operation, and nobody needs to know of a turn before that.
        m_self.turns.store(turns + 1, std::memory_order_relaxed);
        const bool worked = try_work() || try_queues();
        // release pairs with quiescent(): who sees the turn over sees what it pushed. seq_cst when it was in vain, for
        // then drained() is asked next: of several contexts that go idle at once, the last one finds all others idle.
        m_self.turns.store(turns + 2, worked ? std::memory_order_release : std::memory_order_seq_cst);
        return worked;
    }

    bool try_work() noexcept {
        std::uint64_t index = 0;
        if (!m_works.claim(m_slot, m_self.current, index)) {
            return false;
        }
        work_shm& work = m_works.at(index);
        work.pid.store(m_home.pid(), std::memory_order_relaxed);
        work.started_ns.store(monotonic_ns(), std::memory_order_relaxed);
        const work_runner::outcome outcome = m_runner.run_work(index);
        leave_if_forked_off();
        m_batch.end_work(index, m_slot, outcome.state, outcome.result);
        m_self.works_ended.store(m_self.works_ended.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        // After the report: until then a death is repaired by reporting again.
        m_self.current.store(0, std::memory_order_release);
        return true;
    }

    bool try_queues() noexcept {
        const std::uint32_t count = m_batch.shared().queue_count;
        for (std::uint32_t step = 0; step < count; ++step) {
            const std::uint32_t number = (m_first_queue + step) % count;
            // Before the pop: an item taken is an item accounted for.
            m_self.queue.store(number + 1, std::memory_order_relaxed);
            std::uint64_t value = 0;
            if (m_batch.queue(number).pop(value)) {
                const bool succeeded = m_runner.run_item(number, value);
                leave_if_forked_off();
                if (succeeded) {
                    m_batch.shared().queues[number].consumed.fetch_add(1, std::memory_order_relaxed);
                }
                m_self.works_ended.store(m_self.works_ended.load(std::memory_order_relaxed) + 1,
                                         std::memory_order_relaxed);
                m_self.queue.store(0, std::memory_order_release);
                m_first_queue = (number + 1) % count; // round robin: a busy queue does not starve the others
                return true;
            }
        }
        m_self.queue.store(0, std::memory_order_relaxed);
        return false;
    }

    // User code forked and came back in both processes. The copy is no context: the slot, the work and its report
    // belong to the one that is still here.
    void leave_if_forked_off() const noexcept {
        if (!m_home.is_here()) {
            _exit(0);
        }
    }

    // What ends the wait: a push or a close (each queue's event), a context that left or died (progress), a stop (a
    // signal). A context that merely became idle is no news: it has looked itself.
    void wait_for_items() noexcept {
        const std::uint32_t count = m_batch.shared().queue_count;
        awaited_event awaited[k_max_awaited_events];
        std::optional<event_watch> watching[k_max_awaited_events]; // pushes tell nobody else
        std::size_t used = 0;
        awaited[used++] = {&m_batch.shared().progress, event_now(m_batch.shared().progress)};
        for (std::uint32_t number = 0; number < count && used < k_max_awaited_events; ++number) {
            event_shm& pushed = m_batch.queue(number).event();
            watching[used].emplace(pushed);
            awaited[used++] = {&pushed, event_now(pushed)};
        }
        // Looked at again after the sequences were read: whatever comes later moves one of them.
        for (std::uint32_t number = 0; number < count; ++number) {
            if (m_batch.queue(number).size() != 0) {
                return;
            }
        }
        if (m_batch.drained() || m_batch.stopping()) {
            return;
        }
        event_wait_any(awaited, used, count < k_max_awaited_events ? k_safety_ns : k_poll_ns);
    }

    // A stop comes as a signal, which ends the wait; only one that arrives just before the wait begins, or that the
    // runner ignores, is seen this much later.
    static constexpr std::int64_t k_safety_ns = 100'000'000;
    static constexpr std::int64_t k_poll_ns = 5'000'000; // with more queues than events that can be waited for

    const batch& m_batch;
    const std::uint32_t m_slot;
    context_shm& m_self;
    work_table m_works;
    permit& m_leave;
    work_runner& m_runner;
    const home_process m_home;
    std::uint32_t m_first_queue = 0;
};

} // namespace

void run_context_loop(const batch& of, std::uint32_t slot, permit& leave, work_runner& runner) noexcept {
    context_loop(of, slot, leave, runner).run();
}

} // namespace xpar
