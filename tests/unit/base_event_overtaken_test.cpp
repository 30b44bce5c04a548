// A waiter is stopped after its first, second, third ... instruction, one of its events is signalled, and it goes on:
// it must come back for that, and not sleep until its time is over.
#include "runtime/base/event_any.hpp"
#include "tests/unit/processes.hpp"
#include "tests/unit/stepped.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace {

using namespace xpar;
using namespace xpar::test;

// Who sleeps that long has lost a wake-up; who does not comes back in some microseconds.
constexpr std::int64_t k_lost_ns = 3'000'000'000;

struct two_events {
    event_shm first;
    event_shm second;
    std::atomic<bool> happened; // what the second is signalled for
};

class event_overtaken : public testing::Test {
protected:
    // `wait` looks at the events and sleeps if nothing has happened.
    template <class Wait>
    void signal_at_every_instruction(Wait wait, void (*signal)(event_shm&) = event_signal) {
        if (!can_trace()) {
            GTEST_SKIP() << "processes cannot be traced here";
        }
        int length = 0;
        for (bool before_sleep = false; !before_sleep && !HasFailure(); length += k_stride) {
            m_events->second.sequence.store(0);
            m_events->happened.store(false);
            stepped_child waiter(wait);
            for (int left = length; left > 0 && !before_sleep; --left) {
                waiter.step(1);
                before_sleep = waiter.at_system_call();
            }
            ASSERT_FALSE(waiter.returned());
            m_events->happened.store(true);
            signal(m_events->second);
            const std::uint64_t before = monotonic_ns();
            EXPECT_EQ(waiter.finish(), 0);
            EXPECT_LT(static_cast<std::int64_t>(monotonic_ns() - before), k_lost_ns / 2)
                << "signalled after " << length << " instructions";
        }
        EXPECT_GT(length, 30) << "hardly any instruction was stepped through";
        std::printf("%d instructions before the sleep\n", length);
    }

    static constexpr int k_stride = k_sanitized ? 25 : 1;
    const shared<two_events> m_events;
};

TEST_F(event_overtaken, wait_sees_every_signal) {
    signal_at_every_instruction([this] {
        const std::uint32_t seen = event_now(m_events->second);
        if (seen == 0) {
            event_wait(m_events->second, seen, k_lost_ns);
        }
    });
}

TEST_F(event_overtaken, wait_any_sees_every_signal) {
    signal_at_every_instruction([this] {
        const awaited_event awaited[] = {{&m_events->first, event_now(m_events->first)},
                                         {&m_events->second, event_now(m_events->second)}};
        if (awaited[1].seen == 0) {
            event_wait_any(awaited, 2, k_lost_ns);
        }
    });
}

TEST_F(event_overtaken, watchers_see_every_change) {
    signal_at_every_instruction(
        [this] {
            const event_watch watching(m_events->second);
            const std::uint32_t seen = event_now(m_events->second);
            if (!m_events->happened.load()) {
                event_wait(m_events->second, seen, k_lost_ns);
            }
        },
        event_signal_watchers);
}

TEST_F(event_overtaken, watchers_of_several_see_every_change) {
    signal_at_every_instruction(
        [this] {
            const event_watch watching(m_events->second);
            const awaited_event awaited[] = {{&m_events->first, event_now(m_events->first)},
                                             {&m_events->second, event_now(m_events->second)}};
            if (!m_events->happened.load()) {
                event_wait_any(awaited, 2, k_lost_ns);
            }
        },
        event_signal_watchers);
}

} // namespace
