// The ordinary life of a group: it starts, its contexts run and leave, it ends. What goes wrong is in
// process_death_test, process_stop_test, process_fork_failure_test and process_user_code_test.
#include "runtime/base/process_usage.hpp"
#include "tests/unit/groups.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <thread>

namespace {

using namespace xpar;
using namespace xpar::test;

class process_group : public group_test {};

TEST_F(process_group, contexts_do_all_there_is_and_leave) {
    start(3, 100, [](std::uint32_t) { usleep(100); });
    expect_end();
    expect_begun_once(100);
    EXPECT_EQ(deaths(), 0U);
    EXPECT_EQ(group().fork_errno.load(), 0);
    EXPECT_EQ(group().gave_up.load(), 0U);
    for (std::uint32_t slot = 0; slot < 3; ++slot) {
        const bool was_used = context(slot).incarnation.load() != 0;
        EXPECT_EQ(context(slot).state.load(), was_used ? context_state::left : context_state::vacant);
        EXPECT_EQ(context(slot).incarnation.load(), was_used ? 1U : 0U);
    }
}

TEST_F(process_group, says_what_a_context_has_used_when_it_is_gone) {
    constexpr std::uint64_t k_busy_ns = 30'000'000;
    const std::uint64_t before = monotonic_ns();
    start(1, 1, [](std::uint32_t) {
        while (processor_ns(getpid()) < k_busy_ns) {
        }
    });
    expect_end();
    // The system's account is no finer than its ticks.
    EXPECT_GE(context(0).processor_ns.load(), k_busy_ns - 10'000'000);
    EXPECT_LE(context(0).processor_ns.load(), monotonic_ns() - before);
    EXPECT_GE(context(0).ended_ns.load(), context(0).started_ns.load() + k_busy_ns - 10'000'000);
    EXPECT_LE(context(0).ended_ns.load(), monotonic_ns());
}

TEST_F(process_group, ends_without_a_context_when_there_is_nothing_to_do) {
    start(2, 0, [](std::uint32_t) {});
    expect_end();
    EXPECT_EQ(context(0).incarnation.load(), 0U);
    EXPECT_EQ(context(0).state.load(), context_state::vacant);
}

TEST_F(process_group, says_who_is_there_while_it_runs) {
    start(2, 2, [&](std::uint32_t) { (void)wait_until([&] { return memory().flags[0].load() != 0; }); });
    ASSERT_TRUE(changes_until([&] { return context(0).pid.load() > 0 && context(1).pid.load() > 0; }));
    EXPECT_EQ(reap_group(group(), false), reap_result::alive);
    EXPECT_EQ(group().state.load(), group_state::running);
    for (std::uint32_t slot = 0; slot < 2; ++slot) {
        EXPECT_EQ(context(slot).state.load(), context_state::alive);
        EXPECT_EQ(context(slot).incarnation.load(), 1U);
        EXPECT_FALSE(is_dead(context(slot).pid.load()));
        EXPECT_LE(context(slot).started_ns.load(), monotonic_ns());
        EXPECT_GT(context(slot).started_ns.load(), monotonic_ns() - k_patience_ns);
    }
    EXPECT_NE(context(0).pid.load(), context(1).pid.load());
    EXPECT_FALSE(is_dead(group().zygote_pid.load()));
    memory().flags[0].store(1);
    expect_end();
    expect_begun_once(2);
}

// Contexts that found nothing to do have left; what comes later, from a queue say, must still find one.
TEST_F(process_group, makes_a_context_for_what_comes_after_the_last_one_left) {
    plan(1, 1);
    scripted_program runs(memory(), [](std::uint32_t) {});
    runs.before_leaving = [&](std::uint32_t slot) {
        if (memory().contexts[slot].incarnation.load() < 3) {
            memory().jobs.fetch_add(1);
        }
    };
    start(runs);
    expect_end();
    expect_begun_once(3);
    EXPECT_EQ(context(0).incarnation.load(), 3U);
    EXPECT_EQ(deaths(), 0U);
}

TEST_F(process_group, a_context_may_leave_before_fork_returns_in_the_zygote) {
    plan(1, 1);
    scripted_program runs(memory(), [](std::uint32_t) {});
    runs.in_parent = [&, main_pid = getpid()] {
        if (getpid() != main_pid) {
            (void)wait_until([&] { return context(0).pid.load() != 0 && is_dead(context(0).pid.load()); });
        }
    };
    start(runs);
    expect_end();
    expect_begun_once(1);
    EXPECT_EQ(deaths(), 0U);
    EXPECT_EQ(context(0).state.load(), context_state::left);
}

TEST_F(process_group, leaves_no_descriptor_in_the_main_process_or_in_contexts) {
    const std::size_t before = open_descriptors().size();
    start(2, 2,
          [&](std::uint32_t job) { memory().flags[job].store(static_cast<unsigned>(open_descriptors().size())); });
    expect_end();
    EXPECT_EQ(open_descriptors().size(), before);
    // In a context, the two ends it looks at to know whether the zygote has read what it wrote.
    EXPECT_EQ(memory().flags[0].load(), before + 2);
    EXPECT_EQ(memory().flags[1].load(), before + 2);
}

TEST_F(process_group, works_where_no_descriptor_is_left) {
    child main_process([&] {
        adopt_orphans();
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = 64;
        setrlimit(RLIMIT_NOFILE, &limit);
        int last = -1;
        for (int made = dup(0); made >= 0; made = dup(0)) {
            last = made;
        }
        if (k_sanitized) {
            // Before it looks at a virtual pointer the sanitizer asks the system, through a pipe, whether it may.
            close(last);
            close(last - 1);
        }
        start(2, 20, [](std::uint32_t) { usleep(100); });
        expect_end();
        expect_begun_once(20);
        return HasFailure() ? 1 : 0;
    });
    EXPECT_EQ(main_process.wait(), 0);
}

// Threads come and go in a notebook; what they start stays.
TEST_F(process_group, outlives_the_thread_that_started_it) {
    std::thread([&] {
        start(2, 200, [&](std::uint32_t) { (void)wait_until([&] { return memory().flags[0].load() != 0; }); });
    }).join();
    ASSERT_TRUE(changes_until([&] { return context(0).pid.load() > 0; }));
    memory().flags[0].store(1);
    expect_end();
    expect_begun_once(200);
}

TEST_F(process_group, starts_while_other_threads_are_busy) {
    std::atomic<bool> over{false};
    std::vector<std::thread> busy;
    for (int i = 0; i < 3; ++i) {
        busy.emplace_back([&] {
            while (!over.load()) { // locks of the C library that a fork may find taken
                std::vector<char>(1000).swap(*std::make_unique<std::vector<char>>(10));
                std::fclose(std::fopen("/dev/null", "r"));
            }
        });
    }
    for (int round = 0; round < scaled(50); ++round) {
        renew();
        start(2, 4, [](std::uint32_t) { std::vector<char>(1000).swap(*std::make_unique<std::vector<char>>(10)); });
        expect_end();
        ASSERT_FALSE(HasFailure()) << "in round " << round;
    }
    over.store(true);
    for (std::thread& thread : busy) {
        thread.join();
    }
}

} // namespace
