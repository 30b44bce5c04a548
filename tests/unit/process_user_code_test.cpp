// User code around a group and in its contexts does what no library can forbid it: handlers, masks, descriptors,
// reaping, forks. The group's life goes on as ever.
#include "tests/unit/groups.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

namespace {

using namespace xpar;
using namespace xpar::test;

class process_user_code : public group_test {
protected:
    static void close_all_descriptors() { syscall(SYS_close_range, 3U, ~0U, 0U); }

    // In a child of its own, as what it does to itself is not to be undone. `prepare` is before the start.
    template <class Prepare, class Disturb>
    void expect_main_process_gets_on(Prepare prepare, Disturb disturb, reap_result how = reap_result::reaped) {
        child main_process([&] {
            adopt_orphans();
            prepare();
            start(2, 2, [&](std::uint32_t) { (void)wait_until([&] { return memory().flags[0].load() != 0; }); });
            (void)wait_until([&] { return memory().begun[0].load() + memory().begun[1].load() == 2; });
            disturb();
            memory().flags[0].store(1);
            expect_end(how);
            expect_begun_once(2);
            EXPECT_EQ(deaths(), 0U);
            return HasFailure() ? 1 : 0;
        });
        EXPECT_EQ(main_process.wait(), 0);
    }

    // The first of two jobs, on one context; the second shows that the context goes on.
    void expect_context_gets_on(const std::function<void()>& disturb) {
        start(1, 2, [&](std::uint32_t job) {
            if (job == 0) {
                disturb();
            }
        });
        expect_end();
        expect_begun_once(2);
        EXPECT_EQ(deaths(), 0U);
        EXPECT_EQ(context(0).incarnation.load(), 1U);
    }
};

constexpr auto k_nothing = [] {};

TEST_F(process_user_code, the_main_process_closes_all_descriptors) {
    expect_main_process_gets_on(k_nothing, close_all_descriptors);
}

TEST_F(process_user_code, the_main_process_ignores_the_end_of_its_children) {
    expect_main_process_gets_on([] { std::signal(SIGCHLD, SIG_IGN); }, k_nothing, reap_result::gone);
}

TEST_F(process_user_code, the_main_process_reaps_whatever_ends) {
    struct sigaction action{};
    action.sa_handler = [](int) {
        const int before = errno;
        while (waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        errno = before;
    };
    child main_process([&] {
        adopt_orphans();
        sigaction(SIGCHLD, &action, nullptr);
        start(2, 2, [](std::uint32_t) {});
        EXPECT_TRUE(wait_until([&] { return ended() && process_state(group().zygote_pid.load()) == 0; }));
        EXPECT_EQ(reap_group(group(), true), reap_result::gone);
        expect_begun_once(2);
        return HasFailure() ? 1 : 0;
    });
    EXPECT_EQ(main_process.wait(), 0);
}

TEST_F(process_user_code, the_main_process_has_signals_blocked_and_handled) {
    expect_main_process_gets_on(
        [] {
            sigset_t all;
            sigfillset(&all);
            sigprocmask(SIG_SETMASK, &all, nullptr);
            for (int number = 1; number < NSIG; ++number) {
                std::signal(number, [](int) { _exit(99); });
            }
        },
        k_nothing);
}

// Asks in the context; a gtest assertion there would reach nobody.
TEST_F(process_user_code, contexts_have_no_handler_of_the_main_process_and_ignore_what_it_ignores) {
    struct disposition {
        int number;
        void (*in_main)(int);
        void (*in_context)(int);
    };
    constexpr auto handler = [](int) {};
    const disposition table[] = {
        {SIGUSR1, handler, SIG_DFL}, {SIGTERM, handler, SIG_DFL},          {SIGALRM, SIG_DFL, SIG_DFL},
        {SIGHUP, SIG_IGN, SIG_IGN},  {SIGCHLD, SIG_IGN, SIG_DFL},          {SIGINT, handler, SIG_IGN},
        {SIGPIPE, SIG_DFL, SIG_IGN}, {command_signal(), handler, SIG_DFL}, {interrupt_signal(), handler, SIG_IGN},
    };
    struct sigaction before[std::size(table)]{};
    for (std::size_t i = 0; i < std::size(table); ++i) {
        struct sigaction wanted{};
        wanted.sa_handler = table[i].in_main;
        sigaction(table[i].number, &wanted, &before[i]);
    }
    sigset_t blocked;
    sigset_t mask_before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_BLOCK, &blocked, &mask_before);
    start(1, 1, [&](std::uint32_t) {
        for (std::size_t i = 0; i < std::size(table); ++i) {
            struct sigaction now{};
            sigaction(table[i].number, nullptr, &now);
            memory().flags[0].fetch_add(
                now.sa_handler == table[i].in_context ? 1U : 100U * static_cast<unsigned>(table[i].number));
        }
        sigset_t mask;
        sigprocmask(SIG_SETMASK, nullptr, &mask);
        for (int number = 1; number < NSIG; ++number) {
            memory().flags[1].fetch_add(sigismember(&mask, number) == 1);
        }
        // While SIGCHLD is ignored, the end of the zygote leaves nobody to reap.
        (void)wait_until([&] { return memory().flags[2].load() != 0; });
    });
    sigset_t mask_after;
    sigprocmask(SIG_SETMASK, &mask_before, &mask_after);
    for (std::size_t i = 0; i < std::size(table); ++i) {
        struct sigaction now{};
        sigaction(table[i].number, &before[i], &now);
        EXPECT_EQ(now.sa_handler, table[i].in_main) << table[i].number;
    }
    for (int number = 1; number < NSIG; ++number) {
        EXPECT_EQ(sigismember(&mask_after, number) == 1, number == SIGUSR2) << number;
    }
    memory().flags[2].store(1);
    expect_end();
    EXPECT_EQ(memory().flags[0].load(), std::size(table));
    EXPECT_EQ(memory().flags[1].load(), 0U);
}

TEST_F(process_user_code, a_context_closes_all_descriptors) {
    expect_context_gets_on(close_all_descriptors);
}

TEST_F(process_user_code, a_context_waits_for_children_it_does_not_have) {
    expect_context_gets_on([&] { memory().flags[0].store(waitpid(-1, nullptr, 0) < 0); });
    EXPECT_EQ(memory().flags[0].load(), 1U);
}

TEST_F(process_user_code, a_context_handles_and_blocks_all_signals) {
    expect_context_gets_on([] {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, nullptr);
        for (int number = 1; number < NSIG; ++number) {
            std::signal(number, SIG_IGN);
        }
    });
}

TEST_F(process_user_code, a_context_that_blocks_all_signals_is_killed) {
    start(1, 1, [](std::uint32_t) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, nullptr);
        for (;;) {
            pause();
        }
    });
    ASSERT_TRUE(wait_until([&] { return memory().begun[0].load() == 1; }));
    stop_group(group(), stop_level::kill);
    expect_end();
    EXPECT_EQ(memory().status_told[0].load(), SIGKILL);
}

TEST_F(process_user_code, a_context_leaves_its_session_and_does_not_reap_its_children) {
    expect_context_gets_on([] {
        setsid();
        for (int i = 0; i < 3; ++i) {
            const pid_t forked = fork();
            if (forked == 0) {
                _exit(0);
            }
            siginfo_t death{};
            (void)waitid(P_PID, static_cast<id_t>(forked), &death,
                         WEXITED | WNOWAIT); // all threads, not only its first
        }
    });
}

} // namespace
