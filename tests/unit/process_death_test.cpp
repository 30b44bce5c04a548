// Processes of a group die of all that processes die of: contexts, the zygote, the main process.
#include "tests/unit/groups.hpp"
#include "tests/unit/seed.hpp"

#include <sys/resource.h>

#include <chrono>
#include <thread>

namespace {

using namespace xpar;
using namespace xpar::test;

constexpr std::uint64_t k_second_ns = 1'000'000'000;

class process_death : public group_test {
protected:
    // No core files, and no report of a sanitizer that takes a crash for a finding.
    static void die_of(int number) {
        const rlimit none{0, 0};
        setrlimit(RLIMIT_CORE, &none);
        std::signal(number, SIG_DFL);
        raise(number);
    }

    static void forever() {
        for (;;) {
            pause();
        }
    }

    // In a child that is the main process of a group: contexts that never end.
    int be_main_process(bool from_a_thread) {
        const auto start_it = [&] { start(2, 2, [](std::uint32_t) { forever(); }); };
        if (from_a_thread) {
            std::thread(start_it).join();
        } else {
            start_it();
        }
        forever();
        return 0;
    }

    void wait_until_two_jobs_run() {
        ASSERT_TRUE(wait_until([&] { return memory().begun[0].load() + memory().begun[1].load() == 2; }));
    }
};

TEST_F(process_death, a_context_that_dies_is_replaced_and_told_once) {
    struct way {
        const char* name;
        std::function<void()> die;
        int wait_status;
    };
    const way ways[] = {
        {"SIGKILL", [] { raise(SIGKILL); }, SIGKILL},
        {"SIGSEGV", [] { die_of(SIGSEGV); }, SIGSEGV},
        {"SIGABRT", [] { die_of(SIGABRT); }, SIGABRT},
        {"SIGTERM", [] { die_of(SIGTERM); }, SIGTERM},
        {"exit code 3", [] { _exit(3); }, 3 << 8},
        {"exit code 0", [] { _exit(0); }, 0},
        {"exec", [] { execl("/bin/sh", "sh", "-c", "exit 7", nullptr); }, 7 << 8},
    };
    for (const way& by : ways) {
        SCOPED_TRACE(by.name);
        renew();
        memory().status_told[0].store(-1);
        context(0).wait_status.store(-1);
        start(1, 3, [&](std::uint32_t job) {
            if (job == 0) {
                by.die();
            }
        });
        expect_end();
        expect_begun_once(3, 1);
        EXPECT_EQ(memory().finished[0].load(), 0U);
        EXPECT_NE(memory().done_by[0].load(), memory().done_by[1].load());
        EXPECT_EQ(memory().deaths_told[0].load(), 1U);
        EXPECT_EQ(memory().status_told[0].load(), by.wait_status);
        EXPECT_EQ(context(0).wait_status.load(), by.wait_status);
        EXPECT_EQ(context(0).incarnation.load(), 2U);
        EXPECT_EQ(context(0).state.load(), context_state::left);
    }
}

TEST_F(process_death, every_death_of_many_is_told_once) {
    auto random = seeded_random();
    const std::uint32_t jobs = static_cast<std::uint32_t>(scaled(400));
    std::vector<bool> deadly(jobs);
    std::uint32_t expected = 0;
    for (std::uint32_t job = 0; job < jobs; ++job) {
        deadly[job] = random() % 2 == 0;
        expected += deadly[job];
    }
    start(3, jobs, [&](std::uint32_t job) {
        if (deadly[job]) {
            raise(SIGKILL);
        }
    });
    expect_end();
    expect_begun_once(jobs, expected);
    EXPECT_EQ(deaths(), expected);
}

// Whether they die or leave: where no context ever begins, making them must not become a loop without end, nor one that
// keeps a processor busy.
TEST_F(process_death, gives_up_when_no_context_begins) {
    plan(2, 5);
    scripted_program runs(memory(), [](std::uint32_t) {});
    runs.at_entry = [this](std::uint32_t slot) {
        if (slot == 1) {
            context(slot).state.store(context_state::left);
        }
        _exit(4);
    };
    const std::uint64_t before = monotonic_ns();
    start(runs);
    expect_end();
    EXPECT_GE(monotonic_ns() - before, 2 * k_second_ns) << "a shortage may pass";
    EXPECT_EQ(group().gave_up.load(), 1U);
    EXPECT_EQ(group().fork_errno.load(), 0);
    EXPECT_EQ(memory().taken.load(), 0U);
    for (const std::uint32_t slot : {0U, 1U}) {
        EXPECT_GE(context(slot).incarnation.load(), 10U);
        EXPECT_LE(context(slot).incarnation.load(), 65U);
    }
    EXPECT_EQ(memory().deaths_told[0].load(), context(0).incarnation.load());
    EXPECT_EQ(context(0).wait_status.load(), 4 << 8);
    EXPECT_EQ(memory().deaths_told[1].load(), 0U);
}

TEST_F(process_death, gives_up_when_contexts_hang_before_they_begin) {
    plan(2, 5);
    scripted_program runs(memory(), [](std::uint32_t) {});
    runs.at_entry = [](std::uint32_t) { forever(); };
    runs.patience_ns = 100'000'000;
    const std::uint64_t before = monotonic_ns();
    start(runs);
    expect_end();
    EXPECT_GE(monotonic_ns() - before, 2 * runs.patience_ns) << "it may have been an accident";
    EXPECT_EQ(group().gave_up.load(), 1U);
    EXPECT_EQ(group().fork_errno.load(), ETIMEDOUT);
    EXPECT_EQ(memory().taken.load(), 0U);
    EXPECT_GE(deaths(), 3U);
    EXPECT_LE(deaths(), 8U);
}

// One is always alive then, when the other has had its time.
TEST_F(process_death, gives_up_when_contexts_hang_in_turns) {
    plan(2, 5);
    scripted_program runs(memory(), [](std::uint32_t) {});
    runs.patience_ns = 300'000'000;
    runs.at_entry = [&](std::uint32_t slot) {
        if (slot == 1 && context(slot).incarnation.load() == 1) {
            std::this_thread::sleep_for(std::chrono::nanoseconds(runs.patience_ns / 2));
            _exit(4);
        }
        forever();
    };
    start(runs);
    expect_end();
    EXPECT_EQ(group().gave_up.load(), 1U);
    EXPECT_EQ(group().fork_errno.load(), ETIMEDOUT);
    EXPECT_LE(deaths(), 8U);
}

TEST_F(process_death, one_that_hangs_before_it_begins_is_replaced) {
    plan(2, 20);
    scripted_program runs(memory(), [](std::uint32_t) {});
    runs.at_entry = [&](std::uint32_t slot) {
        if (slot == 0 && context(slot).incarnation.load() == 1) {
            forever();
        }
        while (slot == 1 && context(0).incarnation.load() == 1) { // there is still something to do then
        }
    };
    runs.patience_ns = 3 * k_second_ns / 10;
    start(runs);
    expect_end();
    expect_begun_once(20);
    EXPECT_EQ(group().gave_up.load(), 0U);
    EXPECT_EQ(group().fork_errno.load(), 0);
}

TEST_F(process_death, goes_on_when_a_context_begins_after_all) {
    plan(1, 5);
    scripted_program runs(memory(), [](std::uint32_t) {});
    runs.at_entry = [&](std::uint32_t slot) {
        if (context(slot).incarnation.load() <= 3) {
            raise(SIGKILL);
        }
    };
    start(runs);
    expect_end();
    expect_begun_once(5);
    EXPECT_EQ(deaths(), 3U);
    EXPECT_EQ(group().gave_up.load(), 0U);
}

TEST_F(process_death, no_process_outlives_a_killed_main_process) {
    for (const bool from_a_thread : {false, true}) {
        renew();
        child main_process([&] { return be_main_process(from_a_thread); });
        wait_until_two_jobs_run();
        const std::uint64_t before = monotonic_ns();
        main_process.kill();
        // This process adopts the orphans, so it has no children only when they all are gone.
        EXPECT_TRUE(all_children_end(k_patience_ns));
        EXPECT_LT(monotonic_ns() - before, (k_sanitized ? 5 : 1) * k_second_ns);
        EXPECT_TRUE(is_dead(memory().done_by[0].load()));
        EXPECT_TRUE(is_dead(memory().done_by[1].load()));
    }
}

TEST_F(process_death, not_even_a_stopped_zygote_outlives_a_killed_main_process) {
    child main_process([&] { return be_main_process(false); });
    wait_until_two_jobs_run();
    ASSERT_TRUE(wait_until([&] { return group().zygote_pid.load() > 0; }));
    ASSERT_EQ(kill(group().zygote_pid.load(), SIGSTOP), 0);
    ASSERT_TRUE(wait_until([&] { return process_state(group().zygote_pid.load()) == 'T'; }));
    ASSERT_EQ(kill(memory().done_by[0].load(), SIGSTOP), 0);
    main_process.kill();
    EXPECT_TRUE(all_children_end(k_patience_ns));
}

TEST_F(process_death, no_process_is_left_when_the_main_process_is_killed_while_it_starts) {
    auto random = seeded_random();
    for (int round = 0; round < scaled(200); ++round) {
        renew();
        const auto delay = static_cast<useconds_t>(random() % 3000);
        {
            child main_process([&] { return be_main_process(round % 2 == 0); });
            usleep(delay); // the instant of the kill
            main_process.kill();
        }
        ASSERT_TRUE(all_children_end(k_patience_ns)) << "in round " << round;
    }
}

// What the group used may be given away as soon as its zygote was reaped: nothing may be written by a context any more.
TEST_F(process_death, contexts_of_a_killed_zygote_are_dead_when_it_has_been_reaped) {
    for (int round = 0; round < scaled(100); ++round) {
        const bool reaped_by_user_code = round % 2 == 1;
        renew();
        start(2, 2, [&](std::uint32_t job) {
            for (;;) { // without a system call in which death could wait
                memory().flags[job].fetch_add(1);
            }
        });
        wait_until_two_jobs_run();
        const pid_t zygote = group().zygote_pid.load();
        const pid_t contexts[] = {context(0).pid.load(), context(1).pid.load()};
        ASSERT_EQ(kill(zygote, SIGKILL), 0);
        if (reaped_by_user_code) {
            ASSERT_EQ(waitpid(zygote, nullptr, 0), zygote);
        }
        ASSERT_EQ(reap_group(group(), true), reaped_by_user_code ? reap_result::gone : reap_result::reaped);
        const std::uint32_t counted[] = {memory().flags[0].load(), memory().flags[1].load()};
        for (const std::uint32_t slot : {0U, 1U}) {
            EXPECT_TRUE(is_dead(contexts[slot])) << "in round " << round;
            EXPECT_EQ(context(slot).pid.load(), 0);
            EXPECT_EQ(context(slot).state.load(), context_state::died);
            EXPECT_EQ(context(slot).wait_status.load(), SIGKILL);
        }
        EXPECT_NE(group().state.load(), group_state::ended);
        ASSERT_TRUE(all_children_end(k_patience_ns)) << "in round " << round;
        EXPECT_EQ(memory().flags[0].load(), counted[0]);
        EXPECT_EQ(memory().flags[1].load(), counted[1]);
        ASSERT_FALSE(HasFailure()) << "in round " << round;
    }
}

// The context is at work before the zygote could write down whom it has forked.
TEST_F(process_death, a_context_is_known_before_it_touches_anything) {
    for (int round = 0; round < scaled(20); ++round) {
        renew();
        plan(1, 1);
        scripted_program runs(memory(), [&](std::uint32_t) {
            for (;;) {
                memory().flags[0].fetch_add(1);
            }
        });
        runs.in_parent = [&, main_pid = getpid()] {
            if (getpid() != main_pid) {
                (void)wait_until([&] { return memory().flags[0].load() != 0; });
                raise(SIGKILL);
            }
        };
        start(runs);
        ASSERT_EQ(reap_group(group(), true), reap_result::reaped);
        const std::uint32_t counted = memory().flags[0].load();
        EXPECT_NE(counted, 0U);
        EXPECT_TRUE(is_dead(memory().done_by[0].load()));
        ASSERT_TRUE(all_children_end(k_patience_ns));
        ASSERT_EQ(memory().flags[0].load(), counted) << "in round " << round;
    }
}

TEST_F(process_death, a_zygote_killed_at_any_time_leaves_nothing) {
    auto random = seeded_random();
    for (int round = 0; round < scaled(200); ++round) {
        renew();
        const auto delay = static_cast<useconds_t>(random() % 1000);
        start(4, 4, [&](std::uint32_t) {
            for (;;) {
                memory().flags[0].fetch_add(1);
            }
        });
        usleep(delay); // the instant of the kill
        ASSERT_EQ(kill(group().zygote_pid.load(), SIGKILL), 0);
        ASSERT_EQ(reap_group(group(), true), reap_result::reaped);
        const std::uint32_t counted = memory().flags[0].load();
        for (std::uint32_t slot = 0; slot < 4; ++slot) {
            EXPECT_NE(context(slot).state.load(), context_state::alive);
        }
        ASSERT_TRUE(all_children_end(k_patience_ns)) << "in round " << round;
        ASSERT_EQ(memory().flags[0].load(), counted) << "in round " << round;
    }
}

} // namespace
