#include "runtime/sync/interlocked_list.hpp"

#include "runtime/base/clock.hpp"
#include "tests/unit/forked.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <vector>

namespace {

using xpar::interlocked_list;
using xpar::interlocked_list_shm;
using xpar::k_chunk_bytes;
using xpar::k_closed;
using xpar::k_empty;
using xpar::k_taken;
using xpar::region;
using xpar::wake_reason;
using push_result = interlocked_list::push_result;

constexpr xpar::heap_id k_heap = 7;
constexpr std::uint64_t k_inline = interlocked_list_shm::k_inline_slots;
constexpr std::uint64_t k_first_segment = 8192;

constexpr std::uint64_t value_of(std::uint64_t number) {
    return number * 8 + 1;
}

class list : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(region::create(256 * k_chunk_bytes, m_memory)); }

    interlocked_list handle() { return {m_memory.get(), &*m_shared, k_heap}; }

    void fill(std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            ASSERT_EQ(handle().push(value_of(i)), push_result::pushed);
        }
    }

    void take(std::uint64_t from, std::uint64_t to) {
        for (std::uint64_t i = from; i < to; ++i) {
            std::uint64_t value = 0;
            ASSERT_TRUE(handle().pop(value));
            ASSERT_EQ(value, value_of(i));
        }
    }

    // Takes all chunks that are left.
    void fill_region() {
        while (m_memory->allocate(k_chunk_bytes, 99) != 0) {
        }
    }

    std::unique_ptr<region> m_memory;
    xpar::test::shared<interlocked_list_shm> m_shared;
};

TEST_F(list, starts_empty_and_open) {
    std::uint64_t value = 0;
    EXPECT_FALSE(handle().pop(value));
    EXPECT_EQ(handle().size(), 0U);
    EXPECT_EQ(handle().load(0), k_empty);
    EXPECT_EQ(handle().load(1'000'000), k_empty);
    EXPECT_EQ(handle().load(~std::uint64_t{0}), k_empty);
    EXPECT_FALSE(handle().closed());
}

TEST_F(list, gives_values_in_the_order_of_pushes_over_several_segments) {
    constexpr std::uint64_t k_count = k_inline + 7 * k_first_segment + 5; // inline, three segments, and into the fourth
    fill(k_count);
    EXPECT_EQ(handle().size(), k_count);
    EXPECT_EQ(handle().tail(), k_count);
    for (std::uint64_t i = 0; i < k_count; ++i) {
        ASSERT_EQ(handle().load(i), value_of(i));
    }
    EXPECT_EQ(m_memory->allocated_by(k_heap), 15 * k_chunk_bytes);
    take(0, k_count);
    std::uint64_t value = 0;
    EXPECT_FALSE(handle().pop(value));
    EXPECT_EQ(handle().head(), k_count);
    EXPECT_EQ(handle().load(0), k_taken);
}

TEST_F(list, costs_no_chunk_for_few_values_and_one_for_thousands) {
    fill(k_inline);
    EXPECT_EQ(m_memory->allocated_by(k_heap), 0U);
    fill(1);
    EXPECT_EQ(m_memory->allocated_by(k_heap), k_chunk_bytes);
    fill(k_first_segment - 1);
    EXPECT_EQ(m_memory->allocated_by(k_heap), k_chunk_bytes);
}

TEST_F(list, push_tells_the_place_in_the_order) {
    fill(3);
    take(0, 2);
    std::uint64_t index = 0;
    EXPECT_EQ(handle().push(value_of(9), &index), push_result::pushed);
    EXPECT_EQ(index, 3U);
}

TEST_F(list, any_value_but_the_reserved_ones_can_be_pushed) {
    const std::uint64_t values[] = {1, 2, 3, 5, 8, 16, ~std::uint64_t{0}, std::uint64_t{1} << 63};
    for (const std::uint64_t value : values) {
        EXPECT_TRUE(xpar::is_list_value(value));
        EXPECT_EQ(handle().push(value), push_result::pushed);
    }
    for (const std::uint64_t value : values) {
        std::uint64_t popped = 0;
        EXPECT_TRUE(handle().pop(popped));
        EXPECT_EQ(popped, value);
    }
    for (const std::uint64_t reserved : {k_empty, k_taken, k_closed}) {
        EXPECT_FALSE(xpar::is_list_value(reserved));
    }
}

TEST_F(list, hints_left_behind_by_the_dead_are_made_good) {
    fill(1000);
    take(0, 600);
    m_shared->tail.store(3);
    m_shared->head.store(1);
    EXPECT_EQ(handle().size(), 400U);
    EXPECT_EQ(m_shared->tail.load(), 1000U);
    EXPECT_EQ(m_shared->head.load(), 600U);
    m_shared->tail.store(0);
    m_shared->head.store(0);
    std::uint64_t index = 0;
    EXPECT_EQ(handle().push(value_of(1000), &index), push_result::pushed);
    EXPECT_EQ(index, 1000U);
    take(600, 1001);
}

// The places where closing differs: an inline slot, the last one, a segment's slots, and the edge where the next is
// missing.
class closing : public list, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(closing, ends_pushes_and_keeps_values) {
    const std::uint64_t count = GetParam();
    fill(count);
    const std::size_t before = m_memory->allocated_by(k_heap);
    handle().close();
    handle().close();
    EXPECT_TRUE(handle().closed());
    EXPECT_EQ(handle().push(value_of(0)), push_result::closed);
    EXPECT_EQ(handle().tail(), count);
    EXPECT_EQ(handle().size(), count);
    EXPECT_EQ(handle().load(count), k_closed);
    EXPECT_EQ(handle().load(count + 1), k_empty);
    EXPECT_EQ(m_memory->allocated_by(k_heap), before) << "closing needs no memory";
    take(0, count);
    std::uint64_t value = 0;
    EXPECT_FALSE(handle().pop(value));
    EXPECT_TRUE(handle().closed());
}

INSTANTIATE_TEST_SUITE_P(at, closing,
                         testing::Values(0, 1, k_inline - 1, k_inline, k_inline + 1, k_inline + k_first_segment - 1,
                                         k_inline + k_first_segment, k_inline + k_first_segment + 1,
                                         k_inline + 3 * k_first_segment));

TEST_F(list, a_full_region_refuses_the_push_and_loses_nothing) {
    fill(k_inline);
    fill_region();
    EXPECT_EQ(handle().push(value_of(k_inline)), push_result::region_full);
    EXPECT_EQ(handle().size(), k_inline);
    EXPECT_FALSE(handle().closed());
    m_memory->release(99);
    EXPECT_EQ(handle().push(value_of(k_inline)), push_result::pushed);
    take(0, k_inline + 1);
}

TEST_F(list, can_be_closed_in_a_full_region) {
    fill(k_inline);
    fill_region();
    handle().close();
    EXPECT_TRUE(handle().closed());
    m_memory->release(99);
    EXPECT_EQ(handle().push(value_of(0)), push_result::closed) << "memory that came back must not open it again";
}

TEST_F(list, waiting_ends_at_once_when_there_is_more_or_it_is_closed) {
    fill(2);
    EXPECT_TRUE(handle().wait_beyond(1, -1));
    handle().close();
    EXPECT_TRUE(handle().wait_beyond(2, -1));
}

TEST_F(list, waiting_times_out) {
    wake_reason reason = wake_reason::woken;
    const std::uint64_t before = xpar::monotonic_ns();
    EXPECT_FALSE(handle().wait_beyond(0, 5'000'000, &reason));
    EXPECT_EQ(reason, wake_reason::timed_out);
    EXPECT_GE(xpar::monotonic_ns() - before, 5'000'000U);
    EXPECT_FALSE(handle().wait_beyond(0, 0));
}

TEST_F(list, waiting_for_several_sleeps_through_the_first) {
    xpar::test::child waiter([&] { return handle().wait_beyond(2, -1) && handle().tail() == 3 ? 0 : 1; });
    for (std::uint64_t i = 0; i < 3; ++i) {
        while (m_shared->pushed.waiters.load() == 0) { // until it sleeps, again
        }
        handle().push(value_of(i));
    }
    EXPECT_EQ(waiter.wait(), 0);
}

TEST_F(list, close_wakes_who_waits) {
    xpar::test::child waiter([&] { return handle().wait_beyond(0, -1) && handle().closed() ? 0 : 1; });
    while (m_shared->pushed.waiters.load() == 0) {
    }
    handle().close();
    EXPECT_EQ(waiter.wait(), 0);
}

TEST_F(list, a_signal_ends_the_wait) {
    xpar::test::child waiter([&] {
        struct sigaction action{};
        action.sa_handler = [](int) {};
        sigaction(SIGUSR1, &action, nullptr);
        wake_reason reason = wake_reason::woken;
        const bool more = handle().wait_beyond(0, -1, &reason);
        return !more && reason == wake_reason::interrupted ? 0 : 1;
    });
    while (m_shared->pushed.waiters.load() == 0) {
    }
    // Sent again and again: one that comes before the sleep is not noticed by it.
    for (siginfo_t state{}; state.si_pid == 0; usleep(1000)) {
        kill(waiter.pid(), SIGUSR1);
        ASSERT_EQ(waitid(P_PID, static_cast<id_t>(waiter.pid()), &state, WEXITED | WNOHANG | WNOWAIT), 0);
    }
    EXPECT_EQ(waiter.wait(), 0);
}

} // namespace
