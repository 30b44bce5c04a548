#include "runtime/sync/list_table.hpp"

#include "tests/unit/forked.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace {

using xpar::heap_id;
using xpar::k_chunk_bytes;
using xpar::list_table;
using xpar::region;

constexpr heap_id k_batch = xpar::k_first_batch_heap + 3;

class table : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(region::create(256 * k_chunk_bytes, m_memory));
        ASSERT_TRUE(list_table::create(*m_memory, m_table, 100));
        m_chunks = m_memory->usage().chunks;
    }

    std::unique_ptr<region> m_memory;
    std::optional<list_table> m_table;
    std::size_t m_chunks = 0;
};

TEST_F(table, gives_every_list_a_number_until_it_is_full) {
    std::set<heap_id> ids;
    while (const heap_id id = m_table->allocate(0)) {
        EXPECT_GE(id, 1U);
        EXPECT_LT(id, m_table->high_water());
        EXPECT_EQ(m_table->references(id), 1U);
        ids.insert(id);
    }
    EXPECT_EQ(ids.size(), 100U);
    EXPECT_EQ(m_table->live(), 100U);
    EXPECT_TRUE(m_table->release(42));
    EXPECT_EQ(m_table->allocate(0), 42U);
    EXPECT_EQ(m_table->allocate(0), 0U);
}

TEST_F(table, the_last_release_gives_everything_back) {
    const heap_id id = m_table->allocate(0);
    for (int i = 0; i < 10'000; ++i) {
        m_table->list(id).push(1);
    }
    xpar::heap_cursor(*m_memory, id, m_table->at(id).heap).allocate(100);
    m_table->list(id).close();
    m_table->retain(id);
    EXPECT_EQ(m_table->references(id), 2U);
    EXPECT_FALSE(m_table->release(id));
    EXPECT_EQ(m_table->list(id).size(), 10'000U);
    EXPECT_TRUE(m_table->release(id));
    EXPECT_EQ(m_memory->usage().chunks, m_chunks);
    EXPECT_EQ(m_table->live(), 0U);

    ASSERT_EQ(m_table->allocate(0), id);
    EXPECT_EQ(m_table->list(id).size(), 0U);
    EXPECT_FALSE(m_table->list(id).closed());
    EXPECT_EQ(m_table->at(id).heap.allocated_bytes.load(), 0U);
    EXPECT_EQ(m_table->at(id).heap.references.load(), 0U);
}

TEST_F(table, a_generation_tells_a_list_from_the_next_with_its_number) {
    const heap_id id = m_table->allocate(0);
    const std::uint32_t first = m_table->generation(id);
    m_table->release(id);
    EXPECT_NE(m_table->generation(id), first);
    ASSERT_EQ(m_table->allocate(0), id);
    EXPECT_NE(m_table->generation(id), first);
}

TEST_F(table, finds_what_a_batch_made_once) {
    const heap_id other = m_table->allocate(0);
    const heap_id made = m_table->allocate(k_batch);
    EXPECT_FALSE(m_table->drop_creator(other, k_batch));
    EXPECT_FALSE(m_table->drop_creator(other, 0));
    EXPECT_FALSE(m_table->drop_creator(made, k_batch + 1));
    EXPECT_TRUE(m_table->drop_creator(made, k_batch));
    EXPECT_FALSE(m_table->drop_creator(made, k_batch));
    EXPECT_EQ(m_table->references(made), 1U);
    m_table->release(made);
    EXPECT_FALSE(m_table->drop_creator(made, k_batch));
}

TEST_F(table, counting_below_nothing_is_a_broken_invariant) {
    const heap_id id = m_table->allocate(0);
    m_table->release(id);
    EXPECT_DEATH(m_table->release(id), "not live cannot be released");
    EXPECT_DEATH(m_table->retain(id), "not live cannot be retained");
}

TEST_F(table, does_not_fit_into_every_region) {
    std::unique_ptr<region> small;
    ASSERT_TRUE(region::create(region::k_minimum_bytes, small));
    std::optional<list_table> none;
    EXPECT_FALSE(list_table::create(*small, none));
    EXPECT_FALSE(none.has_value());
}

TEST_F(table, processes_get_numbers_of_their_own) {
    struct results {
        std::atomic<std::uint32_t> claims[101];
    };
    const xpar::test::shared<results> counted;
    std::vector<xpar::test::child> claimers;
    for (int i = 0; i < 4; ++i) {
        claimers.emplace_back([&] {
            while (const heap_id id = m_table->allocate(k_batch)) {
                counted->claims[id].fetch_add(1);
            }
            return 0;
        });
    }
    for (xpar::test::child& claimer : claimers) {
        EXPECT_EQ(claimer.wait(), 0);
    }
    for (heap_id id = 1; id <= 100; ++id) {
        EXPECT_EQ(counted->claims[id].load(), 1U);
        EXPECT_TRUE(m_table->drop_creator(id, k_batch));
    }
}

TEST_F(table, references_are_counted_across_processes) {
    const heap_id id = m_table->allocate(0);
    std::vector<xpar::test::child> holders;
    for (int i = 0; i < 3; ++i) {
        holders.emplace_back([&] {
            for (int step = 0; step < 20'000; ++step) {
                m_table->retain(id);
            }
            return 0;
        });
    }
    for (xpar::test::child& holder : holders) {
        EXPECT_EQ(holder.wait(), 0);
    }
    EXPECT_EQ(m_table->references(id), 60'001U);
    for (int step = 0; step < 60'000; ++step) {
        ASSERT_FALSE(m_table->release(id));
    }
    EXPECT_TRUE(m_table->release(id));
}

} // namespace
