// fork fails, as it does when memory or processes are short: it is tried again, and given up in the end.
// This program has a fork of its own in front of the C library's.
#include "tests/unit/groups.hpp"

#include <dlfcn.h>

#include <cerrno>

namespace {

struct refusals {
    std::atomic<int> left;      // calls that will fail yet; < 0: all
    std::atomic<int> error;     // what they say
    std::atomic<int> in;        // the process they are for; 0: any but the test's
    std::atomic<int> calls;     // in that process
    std::atomic<int> from_call; // the first that fails
};
refusals* s_refused = nullptr;
const pid_t k_test_pid = getpid();

} // namespace

extern "C" __attribute__((visibility("default"))) pid_t fork() {
    static const auto system_fork = reinterpret_cast<pid_t (*)()>(dlsym(RTLD_NEXT, "fork"));
    if (s_refused != nullptr) {
        const int in = s_refused->in.load();
        if (in == 0 ? getpid() != k_test_pid : getpid() == in) {
            const int call = s_refused->calls.fetch_add(1);
            if (call >= s_refused->from_call.load() && s_refused->left.load() != 0) {
                s_refused->left.fetch_sub(1);
                errno = s_refused->error.load();
                return -1;
            }
        }
    }
    return system_fork();
}

namespace {

using namespace xpar;
using namespace xpar::test;

class process_fork_failure : public group_test {
protected:
    void SetUp() override {
        group_test::SetUp();
        s_refused = &*m_refused;
    }
    void TearDown() override {
        s_refused = nullptr;
        group_test::TearDown();
    }

    void refuse(int times, int error, int from_call = 0) {
        m_refused->error.store(error);
        m_refused->from_call.store(from_call);
        m_refused->left.store(times);
    }

    shared<refusals> m_refused;
};

constexpr std::uint64_t k_second_ns = 1'000'000'000;
constexpr int k_for_ever = -1;

TEST_F(process_fork_failure, of_the_main_process_is_its_to_know) {
    m_refused->in.store(getpid());
    refuse(1, ENOMEM);
    plan(1, 1);
    scripted_program runs(memory(), [](std::uint32_t) {});
    sigset_t before;
    sigset_t after;
    sigprocmask(SIG_SETMASK, nullptr, &before);
    const status refused = start_group(group(), runs);
    sigprocmask(SIG_SETMASK, nullptr, &after);
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.code(), ENOMEM);
    EXPECT_EQ(runs.open_forks(), 0);
    EXPECT_EQ(group().zygote_pid.load(), 0);
    EXPECT_EQ(reap_group(group(), true), reap_result::gone);
    for (int number = 1; number < NSIG; ++number) {
        EXPECT_EQ(sigismember(&before, number), sigismember(&after, number));
    }
    start(runs); // the next time it works
    expect_end();
    expect_begun_once(1);
}

TEST_F(process_fork_failure, that_passes_is_waited_out) {
    for (const int error : {EAGAIN, ENOMEM}) {
        renew();
        m_refused->calls.store(0);
        refuse(5, error);
        const std::uint64_t before = monotonic_ns();
        start(2, 20, [](std::uint32_t) {});
        EXPECT_TRUE(changes_until([&] { return context(0).pid.load() > 0 || ended(); }));
        EXPECT_GE(monotonic_ns() - before, k_second_ns / 100) << "tried again without a pause";
        expect_end();
        expect_begun_once(20);
        EXPECT_EQ(m_refused->left.load(), 0);
        EXPECT_EQ(group().fork_errno.load(), 0);
        EXPECT_EQ(group().gave_up.load(), 0U);
        EXPECT_EQ(context(0).incarnation.load(), 1U);
    }
}

TEST_F(process_fork_failure, that_does_not_pass_is_given_up) {
    refuse(k_for_ever, EAGAIN);
    start(2, 20, [](std::uint32_t) {});
    const std::uint64_t before = monotonic_ns();
    expect_end();
    EXPECT_GE(monotonic_ns() - before, k_second_ns);
    EXPECT_EQ(memory().taken.load(), 0U);
    EXPECT_EQ(group().fork_errno.load(), EAGAIN);
    EXPECT_EQ(group().gave_up.load(), 1U);
    EXPECT_EQ(deaths(), 0U);
    EXPECT_EQ(context(0).state.load(), context_state::vacant);
    EXPECT_EQ(context(0).incarnation.load(), 0U);
    EXPECT_GE(m_refused->calls.load(), 10);
    EXPECT_LE(m_refused->calls.load(), 65);
}

TEST_F(process_fork_failure, does_not_matter_where_other_contexts_do_it_all) {
    refuse(k_for_ever, ENOMEM, 1); // the first context comes to be
    start(2, 20, [](std::uint32_t) { usleep(5000); });
    expect_end();
    EXPECT_GE(m_refused->calls.load(), 2) << "the other one is tried, too";
    expect_begun_once(20);
    EXPECT_EQ(group().fork_errno.load(), 0);
    EXPECT_EQ(group().gave_up.load(), 0U);
    EXPECT_EQ(context(1).state.load(), context_state::vacant);
}

// The only context takes longer than it takes to give up, and dies; its end is what makes room for the next.
TEST_F(process_fork_failure, is_not_given_up_while_a_context_is_alive) {
    refuse(k_for_ever, EAGAIN, 1);
    start(2, 3, [&](std::uint32_t job) {
        if (job == 0) {
            (void)wait_until([&] { return memory().flags[0].load() != 0; });
            refuse(0, 0);
            raise(SIGKILL);
        }
    });
    ASSERT_TRUE(wait_until([&] { return m_refused->calls.load() > 70; }));
    memory().flags[0].store(1);
    expect_end();
    expect_begun_once(3, 1);
    EXPECT_EQ(deaths(), 1U);
    EXPECT_EQ(group().fork_errno.load(), 0);
    EXPECT_EQ(group().gave_up.load(), 0U);
}

TEST_F(process_fork_failure, does_not_hold_up_a_stop) {
    refuse(k_for_ever, EAGAIN);
    start(2, 20, [](std::uint32_t) {});
    ASSERT_TRUE(wait_until([&] { return m_refused->calls.load() > 0; }));
    const std::uint64_t before = monotonic_ns();
    stop_group(group(), stop_level::interrupt);
    expect_end();
    EXPECT_LT(monotonic_ns() - before, k_second_ns);
    EXPECT_EQ(group().gave_up.load(), 0U);
}

} // namespace
