// Works that are stopped, alone, and works that are run again.
#include "tests/unit/batches.hpp"

#include "runtime/process/signals.hpp"

#include <csignal>

namespace {

using namespace xpar;
using namespace xpar::test;

class schedule_limits : public batch_test {
protected:
    // Runs until it is told to stop, if it listens.
    void wait_for_stop(bool listens) {
        static std::atomic<bool> s_told;
        s_told = false;
        struct sigaction action{};
        action.sa_handler = [](int) { s_told = true; };
        sigaction(interrupt_signal(), &action, nullptr);
        while (!s_told || !listens) {
            usleep(1000);
        }
    }

    // What the layer above makes of an interrupt.
    outcome stopped_outcome() {
        const bool cancelled = of().turn_stopped(0) == stop_reason::cancelled;
        return {cancelled ? work_state::cancelled : work_state::failed, 7};
    }

    void wait_until_running(std::uint64_t index) {
        ASSERT_TRUE(changes_until_polled([&] { return of().works().at(index).started_ns.load() != 0; }));
    }

    template <class Condition>
    bool changes_until_polled(Condition condition) {
        const std::uint64_t deadline = monotonic_ns() + k_patience_ns;
        while (!condition() && monotonic_ns() < deadline) {
            usleep(1000);
        }
        return condition();
    }
};

TEST_F(schedule_limits, a_work_out_of_time_is_interrupted_and_the_context_goes_on) {
    make(3, 1, 0, true);
    of().shared().limits[1].timeout_ns = of().shared().shortest_timeout_ns = 30'000'000;
    runs().work = [this](std::uint64_t index) {
        notes().flags[index].store(static_cast<unsigned>(getpid()));
        if (index != 1) {
            return done(index);
        }
        wait_for_stop(true);
        EXPECT_EQ(of().turn_stopped(0), stop_reason::timed_out);
        return stopped_outcome();
    };
    start();
    expect_end();
    EXPECT_EQ(state(0), work_state::done);
    EXPECT_EQ(state(1), work_state::failed);
    EXPECT_EQ(state(2), work_state::done);
    const work_shm& work = of().works().at(1);
    EXPECT_GE(work.ended_ns.load() - work.started_ns.load(), 30'000'000U);
    EXPECT_EQ(notes().flags[2].load(), notes().flags[0].load()) << "its context was not replaced";
}

TEST_F(schedule_limits, one_that_does_not_listen_is_killed_and_the_rest_is_run) {
    make(3, 1, 0, true);
    of().shared().limits[0].timeout_ns = of().shared().shortest_timeout_ns = 10'000'000;
    runs().work = [this](std::uint64_t index) {
        if (index == 0) {
            wait_for_stop(false);
        }
        return done(index);
    };
    start();
    expect_end();
    EXPECT_EQ(state(0), work_state::crashed);
    EXPECT_EQ(result(0), static_cast<std::uint64_t>(SIGKILL) | k_crash_timed_out);
    EXPECT_EQ(state(1), work_state::done);
    EXPECT_EQ(state(2), work_state::done);
}

TEST_F(schedule_limits, a_stopped_process_is_killed_too) {
    make(1, 1, 0, true);
    of().shared().limits[0].timeout_ns = of().shared().shortest_timeout_ns = 10'000'000;
    runs().work = [](std::uint64_t) {
        raise(SIGSTOP);
        return done();
    };
    start();
    expect_end();
    EXPECT_EQ(state(0), work_state::crashed);
    EXPECT_EQ(result(0), static_cast<std::uint64_t>(SIGKILL) | k_crash_timed_out);
}

TEST_F(schedule_limits, one_work_is_cancelled_and_its_neighbours_are_not) {
    make(4, 2);
    runs().work = [this](std::uint64_t index) {
        if (index == 0) {
            wait_for_stop(true);
            return outcome{work_state::cancelled, 0};
        }
        usleep(20'000);
        return done(index);
    };
    EXPECT_FALSE(of().stop_work(0, stop_reason::cancelled)) << "nobody runs it";
    start();
    wait_until_running(0);
    EXPECT_TRUE(of().stop_work(0, stop_reason::cancelled));
    expect_end();
    EXPECT_EQ(state(0), work_state::cancelled);
    for (std::uint64_t index = 1; index < 4; ++index) {
        EXPECT_EQ(state(index), work_state::done);
    }
    EXPECT_FALSE(of().stop_work(0, stop_reason::cancelled)) << "it has ended";
}

TEST_F(schedule_limits, a_stop_for_one_turn_is_none_for_the_next) {
    make(1, 1);
    context_shm& self = of().context(0);
    self.turns.store(5);
    stop_turn(of().group(), 0, 5, stop_reason::timed_out);
    stop_turn(of().group(), 0, 5, stop_reason::cancelled);
    EXPECT_EQ(of().turn_stopped(0), stop_reason::timed_out) << "the first reason is the one";
    self.turns.store(7);
    EXPECT_EQ(of().turn_stopped(0), stop_reason::none);
    stop_turn(of().group(), 0, 7, stop_reason::cancelled);
    EXPECT_EQ(of().turn_stopped(0), stop_reason::cancelled);
    self.turns.store(0);
    start();
    expect_end();
}

TEST_F(schedule_limits, failed_works_are_run_again_as_often_as_asked_for) {
    make(3, 2, 0, true);
    of().shared().limits[0].retries.store(2); // succeeds the third time
    of().shared().limits[1].retries.store(2); // never does
    EXPECT_FALSE(of().works().watch(0));
    runs().work = [this](std::uint64_t index) {
        const std::uint32_t attempt = notes().works[index].fetch_add(1) + 1;
        return index == 2 || (index == 0 && attempt == 3) ? done(attempt) : outcome{work_state::failed, attempt};
    };
    start();
    expect_end();
    EXPECT_EQ(state(0), work_state::done);
    EXPECT_EQ(result(0), 3U);
    EXPECT_EQ(of().shared().limits[0].attempts.load(), 2U);
    EXPECT_EQ(state(1), work_state::failed);
    EXPECT_EQ(result(1), 3U);
    EXPECT_EQ(notes().works[1].load(), 3U);
    EXPECT_EQ(notes().works[2].load(), 1U);
}

TEST_F(schedule_limits, a_work_that_kills_its_context_is_run_again_by_the_next) {
    make(2, 1, 0, true);
    of().shared().limits[0].retries.store(5);
    runs().work = [this](std::uint64_t index) {
        if (index == 0 && notes().works[index].fetch_add(1) < 3) {
            raise(SIGKILL);
        }
        return done(index);
    };
    start();
    expect_end();
    EXPECT_EQ(state(0), work_state::done);
    EXPECT_EQ(of().shared().limits[0].attempts.load(), 3U);
    EXPECT_EQ(state(1), work_state::done);
}

TEST_F(schedule_limits, what_is_cancelled_is_not_run_again) {
    make(1, 1, 0, true);
    of().shared().limits[0].retries.store(5);
    runs().work = [this](std::uint64_t index) {
        notes().works[index].fetch_add(1);
        wait_for_stop(true);
        return stopped_outcome();
    };
    start();
    wait_until_running(0);
    EXPECT_TRUE(of().stop_work(0, stop_reason::cancelled));
    expect_end();
    EXPECT_EQ(state(0), work_state::cancelled);
    EXPECT_EQ(notes().works[0].load(), 1U);
}

// The hint may never be beyond a work that is pending again, whoever raises it meanwhile.
TEST_F(schedule_limits, no_work_is_lost_when_many_are_run_again_at_once) {
    const std::uint64_t works = static_cast<std::uint64_t>(scaled(4000));
    make(works, 3, 0, true);
    for (std::uint64_t index = 0; index < works; ++index) {
        of().shared().limits[index].retries.store(3);
    }
    runs().work = [this](std::uint64_t index) {
        const std::uint32_t attempt = notes().works[index].fetch_add(1);
        return attempt == index % 4 ? done(index) : outcome{work_state::failed, index};
    };
    start();
    expect_end();
    for (std::uint64_t index = 0; index < works; ++index) {
        ASSERT_EQ(state(index), work_state::done) << index;
        ASSERT_EQ(notes().works[index].load(), index % 4 + 1) << index;
    }
}

} // namespace
