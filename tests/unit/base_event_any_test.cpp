#include "runtime/base/event_any.hpp"

#include "runtime/base/clock.hpp"
#include "tests/unit/forked.hpp"
#include "tests/unit/processes.hpp"
#include "tests/unit/refused_call.hpp"

#include <gtest/gtest.h>

#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <vector>

namespace {

using xpar::awaited_event;
using xpar::event_now;
using xpar::event_shm;
using xpar::event_signal;
using xpar::event_wait_any;
using xpar::k_max_awaited_events;
using xpar::monotonic_ns;
using xpar::test::child;
using xpar::test::shared;
using xpar::test::wait_until;
using xpar::test::wait_until_asleep;

constexpr std::size_t k_too_many = k_max_awaited_events + 1;

// `Count` events and what a process has seen of them.
template <std::size_t Count>
struct event_set {
    std::array<event_shm, Count> events;

    std::array<awaited_event, Count> now() {
        std::array<awaited_event, Count> awaited{};
        for (std::size_t i = 0; i < Count; ++i) {
            awaited[i] = {&events[i], event_now(events[i])};
        }
        return awaited;
    }

    std::uint32_t waiters() const {
        std::uint32_t sum = 0;
        for (const event_shm& event : events) {
            sum += event.waiters.load();
        }
        return sum;
    }
};

std::uint64_t duration_of_wait(const awaited_event* awaited, std::size_t count, std::int64_t timeout_ns) {
    const std::uint64_t before = monotonic_ns();
    event_wait_any(awaited, count, timeout_ns);
    return monotonic_ns() - before;
}

// Players hand a turn around, each turn announced at another event. One lost wake-up, and all sleep for ever.
template <std::size_t Events>
void hand_turns_around(std::uint32_t players, std::uint32_t turns) {
    struct table {
        std::atomic<std::uint32_t> turn;
        event_set<Events> set;
    };
    const shared<table> game;
    const auto play = [&](std::uint32_t player) {
        for (;;) {
            const auto awaited = game->set.now();
            const std::uint32_t turn = game->turn.load();
            if (turn == turns) {
                return 0;
            }
            if (turn % players == player) {
                game->turn.store(turn + 1);
                event_signal(game->set.events[turn % Events]);
            } else {
                event_wait_any(awaited.data(), Events, -1);
            }
        }
    };
    std::vector<child> others;
    for (std::uint32_t player = 1; player < players; ++player) {
        others.emplace_back([&, player] { return play(player); });
    }
    play(0);
    for (child& other : others) {
        EXPECT_EQ(other.wait(), 0);
    }
    std::uint32_t signals = 0;
    for (const event_shm& event : game->set.events) {
        signals += event_now(event);
    }
    EXPECT_EQ(signals, turns);
    EXPECT_EQ(game->set.waiters(), 0U);
}

TEST(event_any, loses_no_wake_up_between_two_processes) {
    hand_turns_around<3>(2, 100'000);
}

TEST(event_any, loses_no_wake_up_between_three_processes_and_as_many_events_as_can_be) {
    hand_turns_around<k_max_awaited_events>(3, 20'000);
}

TEST(event_any, does_not_sleep_when_one_has_moved_since_it_was_looked_at) {
    for (std::size_t moved = 0; moved < k_max_awaited_events; ++moved) {
        event_set<k_max_awaited_events> set{};
        const auto awaited = set.now();
        event_signal(set.events[moved]);
        event_wait_any(awaited.data(), awaited.size(), -1);
        EXPECT_EQ(set.waiters(), 0U);
    }
}

TEST(event_any, times_out_and_is_no_longer_counted) {
    event_set<2> set{};
    const auto awaited = set.now();
    EXPECT_GE(duration_of_wait(awaited.data(), 2, 3'000'000), 3'000'000U);
    EXPECT_EQ(set.waiters(), 0U);
    event_wait_any(awaited.data(), 2, 0); // does not wait; that it returns is the test
}

TEST(event_any, a_signal_ends_the_sleep) {
    struct table {
        event_set<k_too_many> set;
        std::atomic<bool> ready;
    };
    for (const std::size_t count : {std::size_t{2}, k_too_many}) {
        const shared<table> notes;
        child sleeper([&] {
            struct sigaction action{};
            action.sa_handler = [](int) {};
            sigaction(SIGUSR1, &action, nullptr);
            notes->ready.store(true);
            event_wait_any(notes->set.now().data(), count, -1);
            return 0;
        });
        ASSERT_TRUE(wait_until([&] { return notes->ready.load(); }));
        // More than once: one that comes just before a sleep is not noticed by it.
        EXPECT_TRUE(wait_until([&] {
            kill(sleeper.pid(), SIGUSR1);
            return xpar::test::is_dead(sleeper.pid());
        })) << count;
        EXPECT_EQ(sleeper.wait(), 0);
    }
}

TEST(event_any, a_killed_waiter_costs_signals_a_system_call_and_nothing_else) {
    const shared<event_set<3>> set;
    child sleeper([&] {
        event_wait_any(set->now().data(), 3, -1);
        return 0;
    });
    ASSERT_TRUE(wait_until_asleep(sleeper.pid()));
    EXPECT_EQ(sleeper.kill(), -SIGKILL);
    EXPECT_EQ(set->waiters(), 3U);

    child second([&] {
        event_wait_any(set->now().data(), 3, -1);
        return 0;
    });
    ASSERT_TRUE(wait_until_asleep(second.pid()));
    event_signal(set->events[1]);
    EXPECT_EQ(second.wait(), 0);
    EXPECT_EQ(set->waiters(), 3U);
}

TEST(event_any, more_events_than_the_system_takes_are_watched_all_the_same) {
    for (const std::size_t signalled : {std::size_t{0}, k_too_many - 1}) {
        const shared<event_set<k_too_many>> set;
        child sleeper([&] {
            event_wait_any(set->now().data(), k_too_many, -1);
            return event_now(set->events[signalled]) == 1 ? 0 : 1; // it does not come back for nothing
        });
        ASSERT_TRUE(wait_until_asleep(sleeper.pid()));
        event_signal(set->events[signalled]);
        EXPECT_EQ(sleeper.wait(), 0);
        EXPECT_EQ(set->waiters(), 0U);
    }
    event_set<k_too_many> set{};
    const auto awaited = set.now();
    EXPECT_GE(duration_of_wait(awaited.data(), k_too_many, 12'000'000), 12'000'000U); // several naps
    EXPECT_GE(duration_of_wait(awaited.data(), k_too_many, 1'000'000), 1'000'000U);   // a part of one
}

TEST(event_any, looks_by_itself_where_the_system_call_is_refused) {
    struct table {
        event_set<2> set;
        std::atomic<bool> timed_out;
    };
    for (const int refusal : {ENOSYS, EPERM}) {
        const shared<table> notes;
        child sleeper([&] {
            if (!xpar::test::refuse_call(SYS_futex_waitv, refusal)) {
                return 2;
            }
            const auto awaited = notes->set.now();
            if (duration_of_wait(awaited.data(), 2, 12'000'000) < 12'000'000) {
                return 1; // coming back at once makes a busy loop of its callers
            }
            notes->timed_out.store(true);
            event_wait_any(awaited.data(), 2, -1);
            return event_now(notes->set.events[1]) == 1 ? 0 : 1;
        });
        EXPECT_TRUE(wait_until([&] { return notes->timed_out.load() || xpar::test::is_dead(sleeper.pid()); }));
        event_signal(notes->set.events[1]);
        const int ended = sleeper.wait();
        if (ended == 2) {
            GTEST_SKIP() << "system calls cannot be refused here";
        }
        EXPECT_EQ(ended, 0) << refusal;
    }
}

} // namespace
