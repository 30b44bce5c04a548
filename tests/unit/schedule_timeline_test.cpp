#include "runtime/schedule/timeline.hpp"

#include "runtime/schedule/batch.hpp"
#include "tests/unit/batches.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace {

using xpar::k_no_context;
using xpar::k_no_slot;
using xpar::select_works;
using xpar::timeline;
using xpar::timeline_bar;
using xpar::work_record;
using xpar::work_shm;
using xpar::work_state;
using xpar::work_table;

constexpr std::uint32_t k_any = 0b111111;

constexpr std::uint32_t only(work_state state) {
    return 1U << static_cast<unsigned>(state);
}

// A table whose works have been through what a test says.
class table_of {
public:
    explicit table_of(std::size_t works) : m_works(works) {}

    work_table works() { return {m_works.data(), m_works.size(), m_next}; }

    // As a context leaves it; `ended` may be there while the state is still `running`.
    void set(std::size_t index, work_state state, std::uint32_t slot, std::uint64_t started, std::uint64_t ended) {
        m_works[index].state = static_cast<std::uint32_t>(state) | slot << 8;
        m_works[index].started_ns = started;
        m_works[index].ended_ns = ended;
    }

private:
    std::vector<work_shm> m_works;
    std::atomic<std::uint64_t> m_next{0};
};

TEST(timeline, a_bar_for_each_work_that_was_begun_by_context_and_time) {
    table_of table(6);
    table.set(0, work_state::done, 1, 10, 20);
    table.set(1, work_state::failed, 0, 11, 21);
    table.set(2, work_state::done, 1, 22, 30);
    table.set(3, work_state::running, 0, 25, 31);  // about to end
    table.set(4, work_state::cancelled, 0, 0, 40); // never begun
    const std::vector<timeline_bar> bars = timeline(table.works(), 2, 100);
    ASSERT_EQ(bars.size(), 4U);
    EXPECT_EQ(bars[0].index, 1U);
    EXPECT_EQ(bars[0].slot, 0U);
    EXPECT_EQ(bars[0].state, work_state::failed);
    EXPECT_EQ(bars[1].index, 3U);
    EXPECT_EQ(bars[1].ended_ns, 0U) << "it runs until its state says otherwise";
    EXPECT_EQ(bars[2].index, 0U);
    EXPECT_EQ(bars[3].index, 2U);
    EXPECT_EQ(bars[3].started_ns, 22U);
    EXPECT_EQ(bars[3].ended_ns, 30U);
    EXPECT_EQ(bars[3].count, 1U);
}

TEST(timeline, what_no_context_runs_has_no_bar) {
    table_of table(2);
    table.set(0, work_state::running, k_no_slot, 5, 0); // a queue's
    table.set(1, work_state::done, k_no_slot, 5, 9);
    EXPECT_TRUE(timeline(table.works(), 4, 100).empty());
}

TEST(timeline, neighbours_are_merged_when_there_are_too_many) {
    constexpr std::size_t k_works = 1000;
    table_of table(k_works);
    for (std::size_t index = 0; index < k_works; ++index) {
        const work_state state = index == 501 ? work_state::failed : work_state::done;
        table.set(index, state, 0, 10 * index + 1, 10 * index + 9);
    }
    const std::vector<timeline_bar> bars = timeline(table.works(), 1, 70);
    EXPECT_LE(bars.size(), 70U);
    EXPECT_GT(bars.size(), 35U) << "room is not wasted";
    std::uint64_t works = 0;
    for (const timeline_bar& bar : bars) {
        EXPECT_EQ(bar.index, works);
        EXPECT_EQ(bar.started_ns, 10 * works + 1);
        works += bar.count;
        EXPECT_EQ(bar.ended_ns, 10 * (works - 1) + 9);
        const bool holds_the_failed_one = bar.index <= 501 && 501 < works;
        EXPECT_EQ(bar.state, holds_the_failed_one ? work_state::failed : work_state::done);
    }
    EXPECT_EQ(works, k_works);
}

TEST(timeline, one_that_runs_is_seen_among_many) {
    table_of table(100);
    for (std::size_t index = 0; index < 99; ++index) {
        table.set(index, work_state::crashed, 0, index + 1, index + 2);
    }
    table.set(99, work_state::running, 0, 100, 0);
    const std::vector<timeline_bar> bars = timeline(table.works(), 1, 3);
    ASSERT_LE(bars.size(), 3U);
    EXPECT_EQ(bars.back().state, work_state::running);
    EXPECT_EQ(bars.back().ended_ns, 0U);
}

TEST(select_works, all_when_there_is_room) {
    table_of table(3);
    table.set(0, work_state::done, 2, 1, 2);
    table.set(1, work_state::cancelled, 0, 0, 7);
    const std::vector<work_record> found = select_works(table.works(), k_any, 100);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].slot, 2U);
    EXPECT_EQ(found[1].state, work_state::cancelled);
    EXPECT_EQ(found[1].slot, k_no_context) << "nobody had begun it";
    EXPECT_EQ(found[1].ended_ns, 7U);
    EXPECT_EQ(found[2].state, work_state::pending);
    EXPECT_EQ(found[2].slot, k_no_context);
}

TEST(select_works, only_the_states_that_are_wanted) {
    table_of table(4);
    table.set(0, work_state::done, 0, 1, 2);
    table.set(1, work_state::failed, 0, 3, 4);
    table.set(2, work_state::running, 0, 5, 0);
    const std::vector<work_record> failed = select_works(table.works(), only(work_state::failed), 100);
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0].index, 1U);
    EXPECT_EQ(select_works(table.works(), only(work_state::done) | only(work_state::pending), 100).size(), 2U);
    EXPECT_TRUE(select_works(table.works(), 0, 100).empty());
    EXPECT_TRUE(select_works(table.works(), k_any, 0).empty());
}

TEST(select_works, what_is_most_worth_telling_when_there_is_too_much) {
    table_of table(100);
    for (std::size_t index = 0; index < 60; ++index) {
        table.set(index, work_state::done, 0, index + 1, index + 2);
    }
    table.set(7, work_state::failed, 0, 8, 9);
    table.set(60, work_state::running, 1, 61, 0);
    const std::vector<work_record> few = select_works(table.works(), k_any, 5);
    std::vector<std::uint64_t> indices;
    for (const work_record& record : few) {
        indices.push_back(record.index);
    }
    EXPECT_EQ(indices, (std::vector<std::uint64_t>{7, 57, 58, 59, 60})) << "the failed, the last done, the running one";
    const std::vector<work_record> next = select_works(table.works(), only(work_state::pending), 2);
    ASSERT_EQ(next.size(), 2U);
    EXPECT_EQ(next[0].index, 61U);
    EXPECT_EQ(next[1].index, 62U) << "of those that wait, the next";
}

TEST(count_states, counts) {
    table_of table(5);
    table.set(0, work_state::done, 0, 1, 2);
    table.set(1, work_state::crashed, 0, 3, 4);
    table.set(4, work_state::crashed, 0, 3, 4);
    const auto counts = count_states(table.works());
    EXPECT_EQ(counts[0], 2U);
    EXPECT_EQ(counts[2], 1U);
    EXPECT_EQ(counts[5], 2U);
    EXPECT_EQ(counts[1] + counts[3] + counts[4], 0U);
}

// A table that is worked on while it is looked at.
class timeline_of_a_batch : public xpar::test::batch_test {};

TEST_F(timeline_of_a_batch, is_true_at_every_moment) {
    constexpr std::uint64_t k_works = 2000;
    make(k_works, 2);
    start();
    while (!m_batch->ended()) {
        const std::vector<timeline_bar> bars = timeline(m_batch->works(), 2, 50);
        std::vector<std::uint64_t> last(2);
        std::vector<std::size_t> count(2);
        for (const timeline_bar& bar : bars) {
            ASSERT_LT(bar.slot, 2U);
            ASSERT_GE(bar.started_ns, last[bar.slot]) << "in a lane, one after the other";
            ASSERT_TRUE(bar.ended_ns == 0 || bar.ended_ns >= bar.started_ns);
            last[bar.slot] = bar.ended_ns;
            ASSERT_LE(++count[bar.slot], 50U);
        }
        ASSERT_LE(select_works(m_batch->works(), k_any, 100).size(), 100U);
    }
    std::uint64_t works = 0;
    for (const timeline_bar& bar : timeline(m_batch->works(), 2, 50)) {
        works += bar.count;
    }
    EXPECT_EQ(works, k_works);
    expect_end();
}

} // namespace
