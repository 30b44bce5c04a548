// Stopping a group: interrupt, the grace, kill, and what must not stop it.
#include "tests/unit/groups.hpp"

#include <csignal>

namespace {

using namespace xpar;
using namespace xpar::test;

volatile std::sig_atomic_t s_interrupts = 0;

class process_stop : public group_test {
protected:
    // What the program above installs in a context.
    static void count_interrupts() {
        struct sigaction action{};
        action.sa_handler = [](int) { s_interrupts = s_interrupts + 1; };
        sigaction(interrupt_signal(), &action, nullptr);
    }

    void wait_until_running(std::uint32_t jobs) {
        ASSERT_TRUE(wait_until([&] {
            std::uint32_t running = 0;
            for (std::uint32_t job = 0; job < jobs; ++job) {
                running += memory().begun[job].load();
            }
            return running == jobs;
        }));
    }

    static void forever() {
        for (;;) {
            pause();
        }
    }

    // Nanoseconds from the stop to the end.
    std::uint64_t stop_and_expect_end(stop_level level) {
        const std::uint64_t before = monotonic_ns();
        stop_group(group(), level);
        expect_end();
        return monotonic_ns() - before;
    }
};

TEST_F(process_stop, an_interrupt_reaches_running_jobs_and_no_further_one_is_begun) {
    plan(2, 100);
    scripted_program runs(memory(), [&](std::uint32_t job) {
        while (s_interrupts == 0) {
            usleep(100);
        }
        memory().flags[job].store(static_cast<unsigned>(s_interrupts));
    });
    runs.at_entry = [](std::uint32_t) { count_interrupts(); };
    start(runs);
    wait_until_running(2);
    EXPECT_LT(stop_and_expect_end(stop_level::interrupt), k_interrupt_grace_ns);
    expect_begun_once(2);
    EXPECT_EQ(memory().flags[0].load(), 1U);
    EXPECT_EQ(memory().flags[1].load(), 1U);
    EXPECT_EQ(deaths(), 0U);
    EXPECT_EQ(group().gave_up.load(), 0U) << "it was stopped: nothing is missed";
    stop_group(group(), stop_level::kill); // nobody is there any more
}

TEST_F(process_stop, what_does_not_stop_is_killed_after_the_grace) {
    plan(2, 100);
    scripted_program runs(memory(), [&](std::uint32_t job) {
        (void)wait_until([] { return s_interrupts != 0; });
        if (job == 1) {
            while (true) {
                memory().flags[0].store(static_cast<unsigned>(s_interrupts));
                usleep(1000);
            }
        }
        usleep(100'000); // lets go in time
    });
    runs.at_entry = [](std::uint32_t) { count_interrupts(); };
    start(runs);
    wait_until_running(2);
    EXPECT_GE(stop_and_expect_end(stop_level::interrupt), k_interrupt_grace_ns);
    expect_begun_once(2, 1);
    EXPECT_EQ(deaths(), 1U);
    const std::uint32_t killed = memory().deaths_told[0].load() == 1 ? 0 : 1;
    EXPECT_EQ(memory().status_told[killed].load(), SIGKILL);
    EXPECT_EQ(context(1 - killed).state.load(), context_state::left);
    EXPECT_EQ(memory().flags[0].load(), 1U) << "interrupted once, whatever happens meanwhile";
}

TEST_F(process_stop, kill_does_not_wait) {
    start(2, 100, [](std::uint32_t) { forever(); });
    wait_until_running(2);
    EXPECT_LT(stop_and_expect_end(stop_level::kill), k_interrupt_grace_ns);
    EXPECT_EQ(deaths(), 2U);
}

TEST_F(process_stop, an_interrupt_can_be_followed_by_a_kill_and_not_the_other_way_round) {
    start(2, 100, [](std::uint32_t) { forever(); });
    wait_until_running(2);
    const std::uint64_t before = monotonic_ns();
    stop_group(group(), stop_level::interrupt);
    EXPECT_EQ(group().stop.load(), stop_level::interrupt);
    EXPECT_LT(stop_and_expect_end(stop_level::kill), k_interrupt_grace_ns);
    EXPECT_LT(monotonic_ns() - before, k_interrupt_grace_ns);
    stop_group(group(), stop_level::interrupt);
    EXPECT_EQ(group().stop.load(), stop_level::kill);
}

TEST_F(process_stop, a_context_that_is_stopped_by_a_signal_can_be_killed) {
    start(2, 100, [](std::uint32_t) { forever(); });
    wait_until_running(2);
    ASSERT_EQ(kill(context(0).pid.load(), SIGSTOP), 0);
    ASSERT_TRUE(wait_until([&] { return process_state(context(0).pid.load()) == 'T'; }));
    EXPECT_LT(stop_and_expect_end(stop_level::kill), k_interrupt_grace_ns);
    EXPECT_EQ(memory().status_told[0].load(), SIGKILL);
}

TEST_F(process_stop, a_context_that_is_stopped_by_a_signal_is_killed_after_the_grace) {
    start(1, 100, [](std::uint32_t) { forever(); });
    wait_until_running(1);
    ASSERT_EQ(kill(context(0).pid.load(), SIGSTOP), 0);
    EXPECT_GE(stop_and_expect_end(stop_level::interrupt), k_interrupt_grace_ns);
    EXPECT_EQ(memory().status_told[0].load(), SIGKILL);
}

// The main process has forked the zygote, and does not know its number yet when it stops the group. The zygote has
// looked at the stop level before that and gone to sleep.
TEST_F(process_stop, is_not_lost_when_it_comes_before_the_main_process_knows_the_zygote) {
    for (const stop_level level : {stop_level::interrupt, stop_level::kill}) {
        renew();
        plan(1, 1);
        scripted_program runs(memory(), [](std::uint32_t) {
            while (s_interrupts == 0) { // no long sleep: an interrupt just before the system call would not end it
                usleep(100);
            }
        });
        runs.at_entry = [](std::uint32_t) { count_interrupts(); };
        runs.in_parent = [&, main_pid = getpid()] {
            if (getpid() == main_pid) {
                (void)wait_until([&] { return memory().begun[0].load() == 1; });
                EXPECT_EQ(group().zygote_pid.load(), 0);
                stop_group(group(), level);
            }
        };
        start(runs);
        expect_end();
        expect_begun_once(1, level == stop_level::kill ? 1 : 0);
    }
}

TEST_F(process_stop, comes_through_at_any_time) {
    for (int round = 0; round < scaled(200); ++round) {
        renew();
        plan(3, k_most_jobs);
        scripted_program runs(memory(), [](std::uint32_t) { usleep(200); });
        start(runs);
        usleep(static_cast<useconds_t>(round * 20)); // the instant of the stop
        stop_group(group(), round % 2 == 0 ? stop_level::interrupt : stop_level::kill);
        expect_end();
        ASSERT_LT(memory().taken.load(), k_most_jobs);
        ASSERT_FALSE(HasFailure()) << "in round " << round;
    }
}

// Jupyter interrupts the whole process group; what that means is the main process's decision alone.
TEST_F(process_stop, an_interrupt_of_the_whole_process_group_ends_no_context) {
    child main_process([&] {
        setpgid(0, 0);
        adopt_orphans();
        std::signal(SIGINT, [](int) { s_interrupts = s_interrupts + 1; });
        start(2, 2, [&](std::uint32_t) { (void)wait_until([&] { return memory().flags[0].load() != 0; }); });
        wait_until_running(2);
        kill(0, SIGINT);
        (void)wait_until([] { return s_interrupts != 0; });
        memory().flags[0].store(1);
        expect_end();
        expect_begun_once(2);
        EXPECT_EQ(deaths(), 0U);
        EXPECT_EQ(s_interrupts, 1);
        return HasFailure() ? 1 : 0;
    });
    EXPECT_EQ(main_process.wait(), 0);
}

} // namespace
