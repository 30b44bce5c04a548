#include "runtime/base/process_usage.hpp"

#include "runtime/base/clock.hpp"
#include "tests/unit/forked.hpp"

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <sys/resource.h>

#include <atomic>
#include <cstring>

namespace {

using xpar::processor_ns;
using xpar::written_bytes;
using xpar::test::child;
using xpar::test::shared;

constexpr std::size_t k_bytes = std::size_t{8} << 20;

char* map(int flags) {
    void* const place = mmap(nullptr, k_bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    return place == MAP_FAILED ? nullptr : static_cast<char*>(place);
}

TEST(process_usage, the_processor_time_of_another_process) {
    const shared<std::atomic<int>> stop;
    child busy([&] {
        while (stop->load() == 0) {
        }
        return 0;
    });
    const std::uint64_t deadline = xpar::monotonic_ns() + 20'000'000'000;
    while (processor_ns(busy.pid()) < 5'000'000 && xpar::monotonic_ns() < deadline) {
        usleep(1000);
    }
    EXPECT_GE(processor_ns(busy.pid()), 5'000'000U);
    stop->store(1);
    const pid_t gone = busy.pid();
    EXPECT_EQ(busy.wait(), 0);
    EXPECT_EQ(processor_ns(gone), 0U);
}

TEST(process_usage, seconds_and_microseconds_are_added) {
    rusage used{};
    used.ru_utime = {1, 500'000};
    used.ru_stime = {2, 250};
    EXPECT_EQ(processor_ns(used), 3'500'250'000U);
}

TEST(process_usage, a_child_has_written_what_it_has_copied) {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizer writes to memory of its own for every byte that is written";
#endif
    char* const snapshot = map(MAP_PRIVATE);
    char* const common = map(MAP_SHARED);
    ASSERT_TRUE(snapshot != nullptr && common != nullptr);
    std::memset(snapshot, 1, k_bytes);
    const shared<std::atomic<std::uint64_t>> results[4];
    child one([&] {
        const auto begin = reinterpret_cast<std::uint64_t>(snapshot);
        results[0]->store(written_bytes(getpid(), {}).value_or(0));
        std::memset(snapshot, 2, k_bytes / 2);
        results[1]->store(written_bytes(getpid(), {}).value_or(0));
        results[2]->store(written_bytes(getpid(), {{begin, begin + k_bytes}}).value_or(0));
        std::memset(common, 3, k_bytes); // shared with the parent: no copy
        results[3]->store(written_bytes(getpid(), {}).value_or(0));
        return 0;
    });
    ASSERT_EQ(one.wait(), 0);
    const std::uint64_t before = results[0]->load();
    constexpr std::uint64_t k_noise = 1 << 20; // what the measuring itself writes to
    EXPECT_NEAR(static_cast<double>(results[1]->load()), static_cast<double>(before + k_bytes / 2), k_noise);
    EXPECT_NEAR(static_cast<double>(results[2]->load()), static_cast<double>(before), k_noise);
    EXPECT_NEAR(static_cast<double>(results[3]->load()), static_cast<double>(results[1]->load()), k_noise);
    munmap(snapshot, k_bytes);
    munmap(common, k_bytes);
}

TEST(process_usage, nothing_is_known_of_a_process_that_is_gone) {
    child gone([] { return 0; });
    const pid_t pid = gone.pid();
    ASSERT_EQ(gone.wait(), 0);
    EXPECT_FALSE(written_bytes(pid, {}).has_value());
}

TEST(process_usage, looking_costs_more_the_more_is_resident) {
    const std::uint64_t before = xpar::written_bytes_cost_ns();
    constexpr std::size_t bytes = std::size_t{64} << 20;
    void* const held = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    ASSERT_NE(held, MAP_FAILED);
    EXPECT_GT(xpar::written_bytes_cost_ns(), before + 1'000'000);
    munmap(held, bytes);
}

} // namespace
