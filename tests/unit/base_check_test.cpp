#include "runtime/base/check.hpp"

#include <gtest/gtest.h>

namespace {

TEST(check, says_where_and_why_and_aborts) {
    EXPECT_EXIT(XPAR_CHECK(1 + 1 == 3, "sums are off"), testing::KilledBySignal(SIGABRT),
                "base_check_test.cpp:[0-9]+: sums are off \\(violated: 1 \\+ 1 == 3\\)");
}

TEST(check, evaluates_the_condition_once) {
    int calls = 0;
    XPAR_CHECK(++calls == 1, "counted twice");
    EXPECT_EQ(calls, 1);
}

TEST(check, assert_costs_nothing_in_release_builds_and_aborts_in_debug_builds) {
    int calls = 0;
#ifdef NDEBUG
    XPAR_ASSERT(++calls == 0, "never run");
    EXPECT_EQ(calls, 0);
#else
    EXPECT_EXIT(XPAR_ASSERT(++calls == 0, "run"), testing::KilledBySignal(SIGABRT), "run \\(violated");
#endif
}

} // namespace
