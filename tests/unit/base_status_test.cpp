#include "runtime/base/status.hpp"

#include "runtime/base/clock.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace {

using xpar::status;

TEST(status, ok_is_true_and_has_no_code) {
    const status fine = status::ok();
    EXPECT_TRUE(fine);
    EXPECT_EQ(fine.code(), 0);
    EXPECT_EQ(fine.what(), "");
}

TEST(status, from_errno_takes_the_code_and_names_the_operation) {
    errno = ENOMEM;
    const status failed = status::from_errno("mmap of something");
    EXPECT_FALSE(failed);
    EXPECT_EQ(failed.code(), ENOMEM);
    EXPECT_EQ(failed.what(), "mmap of something: Cannot allocate memory");
}

TEST(status, an_error_without_a_code_is_a_mistake_of_the_caller) {
    EXPECT_DEATH((void)status::error(0, "nothing"), "an error needs an errno value");
}

TEST(clock, both_clocks_go_on) {
    const std::uint64_t ns = xpar::monotonic_ns();
    const std::uint64_t ticks = xpar::rdtsc();
    while (xpar::monotonic_ns() < ns + 1'000'000) {
    }
    EXPECT_GT(xpar::rdtsc(), ticks);
}

} // namespace
