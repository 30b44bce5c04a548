#include "runtime/base/event.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/base/event_any.hpp"
#include "tests/unit/forked.hpp"

#include <gtest/gtest.h>

#include <sched.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

namespace {

using xpar::event_now;
using xpar::event_shm;
using xpar::event_signal;
using xpar::event_wait;
using xpar::wake_reason;
using xpar::test::child;
using xpar::test::shared;

// Until the kernel has put `pid` to sleep; its state is the field after the name in parentheses.
void wait_until_asleep(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    for (char state = 0; state != 'S'; sched_yield()) {
        char text[512] = {};
        FILE* const file = std::fopen(path.c_str(), "r");
        ASSERT_NE(file, nullptr);
        ASSERT_GT(std::fread(text, 1, sizeof text - 1, file), 0U);
        std::fclose(file);
        state = std::strrchr(text, ')')[2];
        ASSERT_NE(state, 'Z') << "it ended instead of sleeping";
    }
}

TEST(futex, tells_a_changed_word_from_a_time_out) {
    std::atomic<std::uint32_t> word{5};
    EXPECT_EQ(xpar::futex_wait(word, 4, -1), wake_reason::changed);
    const std::uint64_t before = xpar::monotonic_ns();
    EXPECT_EQ(xpar::futex_wait(word, 5, 3'000'000), wake_reason::timed_out);
    EXPECT_GE(xpar::monotonic_ns() - before, 3'000'000U);
    EXPECT_EQ(xpar::futex_wake(word), 0);
}

TEST(futex, wakes_a_process_that_shares_the_word) {
    const shared<std::atomic<std::uint32_t>> word;
    child sleeper([&] { return static_cast<int>(xpar::futex_wait(*word, 0, -1)); });
    wait_until_asleep(sleeper.pid());
    EXPECT_EQ(xpar::futex_wake(*word, 1), 1);
    EXPECT_EQ(sleeper.wait(), static_cast<int>(wake_reason::woken));
}

TEST(futex, a_signal_ends_the_sleep) {
    const shared<std::atomic<std::uint32_t>> word;
    child sleeper([&] {
        struct sigaction action{};
        action.sa_handler = [](int) {};
        sigaction(SIGUSR1, &action, nullptr);
        return static_cast<int>(xpar::futex_wait(*word, 0, -1));
    });
    wait_until_asleep(sleeper.pid());
    kill(sleeper.pid(), SIGUSR1);
    EXPECT_EQ(sleeper.wait(), static_cast<int>(wake_reason::interrupted));
}

TEST(event, does_not_sleep_when_something_happened_since_it_was_looked_at) {
    event_shm event{};
    const std::uint32_t seen = event_now(event);
    event_signal(event);
    EXPECT_EQ(event_wait(event, seen, -1), wake_reason::changed);
    EXPECT_EQ(event.waiters.load(), 0U);
}

TEST(event, times_out_and_is_no_longer_counted) {
    event_shm event{};
    EXPECT_EQ(event_wait(event, event_now(event), 1'000'000), wake_reason::timed_out);
    EXPECT_EQ(event.waiters.load(), 0U);
}

TEST(event, a_killed_waiter_costs_signals_a_system_call_and_nothing_else) {
    const shared<event_shm> event;
    child sleeper([&] { return static_cast<int>(event_wait(*event, 0, -1)); });
    wait_until_asleep(sleeper.pid());
    EXPECT_EQ(sleeper.kill(), -SIGKILL);
    EXPECT_EQ(event->waiters.load(), 1U);

    child second([&] { return static_cast<int>(event_wait(*event, 0, -1)); });
    wait_until_asleep(second.pid());
    event_signal(*event);
    EXPECT_EQ(second.wait(), static_cast<int>(wake_reason::woken));
}

// Two processes hand a turn back and forth. One lost wake-up in 100,000 and both sleep for ever.
TEST(event, loses_no_wake_up_between_processes) {
    struct table {
        std::atomic<std::uint32_t> turn;
        event_shm event;
    };
    constexpr std::uint32_t k_turns = 100'000;
    const shared<table> game;
    const auto play = [&](std::uint32_t parity) {
        for (;;) {
            const std::uint32_t seen = event_now(game->event);
            const std::uint32_t turn = game->turn.load();
            if (turn == k_turns) {
                return 0;
            }
            if (turn % 2 == parity) {
                game->turn.store(turn + 1);
                event_signal(game->event);
            } else {
                event_wait(game->event, seen, -1);
            }
        }
    };
    child other([&] { return play(1); });
    play(0);
    EXPECT_EQ(other.wait(), 0);
    EXPECT_EQ(game->event.sequence.load(), k_turns);
}

TEST(event_any, wakes_for_the_second_of_two_events) {
    struct table {
        event_shm first;
        event_shm second;
    };
    const shared<table> both;
    child sleeper([&] {
        xpar::awaited_event awaited[] = {{&both->first, 0}, {&both->second, 0}};
        while (event_now(both->second) == 0) {
            xpar::event_wait_any(awaited, 2, -1);
        }
        return event_now(both->first) == 0 ? 0 : 1;
    });
    wait_until_asleep(sleeper.pid());
    event_signal(both->second);
    EXPECT_EQ(sleeper.wait(), 0);
}

} // namespace
