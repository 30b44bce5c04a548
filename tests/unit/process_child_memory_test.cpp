#include "runtime/process/child_memory.hpp"

#include "tests/unit/forked.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace {

volatile std::sig_atomic_t g_ended = 0;

TEST(child_memory, of_ones_own_child_is_read_and_the_child_is_gone) {
    const xpar::child_memory_errors errors = xpar::try_child_memory();
    EXPECT_EQ(errors.fork_errno, 0);
    EXPECT_EQ(errors.read_errno, 0);
    EXPECT_EQ(waitpid(-1, nullptr, __WALL | WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST(child_memory, no_handler_hears_of_the_child) {
    struct sigaction before{};
    struct sigaction counting{};
    counting.sa_handler = [](int) { g_ended = 1; };
    ASSERT_EQ(sigaction(SIGCHLD, &counting, &before), 0);
    xpar::try_child_memory();
    EXPECT_EQ(g_ended, 0);
    ASSERT_EQ(sigaction(SIGCHLD, &before, nullptr), 0);
}

TEST(child_memory, a_fork_that_fails_is_told_as_one) {
    xpar::test::child poor([] {
        // Root may have as many processes as it likes; somebody else, whose processes are counted, may not.
        if (getuid() == 0 && setuid(65534) != 0) {
            return 2;
        }
        const rlimit none{0, 0};
        if (setrlimit(RLIMIT_NPROC, &none) != 0) {
            return 3;
        }
        const xpar::child_memory_errors errors = xpar::try_child_memory();
        return errors.fork_errno == EAGAIN && errors.read_errno == 0 ? 0 : 1;
    });
    EXPECT_EQ(poor.wait(), 0);
}

} // namespace
