#include "runtime/memory/unit_space.hpp"

#include "tests/unit/seed.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

namespace {

using xpar::k_unit_bytes;
using xpar::unit_kind;
using xpar::unit_space;

class space : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(unit_space::reserve(1000 * k_unit_bytes, m_space)); }
    void TearDown() override { EXPECT_STREQ(m_space.find_defect(), nullptr); }

    std::uint32_t run(std::uint32_t count) { return m_space.allocate(count, unit_kind::run); }

    unit_space m_space;
};

TEST_F(space, runs_follow_each_other_and_are_writable) {
    EXPECT_EQ(run(3), 0U);
    EXPECT_EQ(run(1), 3U);
    EXPECT_EQ(m_space.top(), 4U);
    std::memset(m_space.base(), 1, 4 * k_unit_bytes);
}

TEST_F(space, freed_neighbours_become_one_run) {
    const std::uint32_t a = run(2);
    const std::uint32_t b = run(3);
    const std::uint32_t c = run(4);
    run(1); // keeps the top away
    m_space.free(a, false);
    m_space.free(c, false);
    m_space.free(b, false);
    EXPECT_EQ(run(9), a);
}

TEST_F(space, what_is_freed_at_the_top_lowers_it) {
    const std::uint32_t a = run(2);
    const std::uint32_t b = run(3);
    m_space.free(a, false);
    m_space.free(b, false);
    EXPECT_EQ(m_space.top(), 0U);
}

TEST_F(space, is_exhausted_exactly) {
    EXPECT_EQ(run(1001), unit_space::k_none);
    EXPECT_EQ(run(1000), 0U);
    EXPECT_EQ(run(1), unit_space::k_none);
    m_space.free(0, false);
    EXPECT_EQ(run(1000), 0U);
}

TEST_F(space, resizes_where_there_is_room) {
    const std::uint32_t a = run(2);
    EXPECT_TRUE(m_space.resize(a, 5)); // at the top
    const std::uint32_t b = run(2);
    EXPECT_FALSE(m_space.resize(a, 6)); // b is behind it
    EXPECT_TRUE(m_space.resize(a, 1));
    EXPECT_EQ(run(4), a + 1); // what was cut off
    m_space.free(a + 1, false);
    EXPECT_TRUE(m_space.resize(a, 3)); // into a free run
    EXPECT_EQ(m_space.at(a).length, 3U);
    EXPECT_FALSE(m_space.resize(a, 6));
    EXPECT_TRUE(m_space.resize(b, 900));
    EXPECT_FALSE(m_space.resize(b, 1000));
}

TEST_F(space, knows_which_memory_is_still_zero) {
    const std::uint32_t a = run(2);
    std::memset(m_space.address_of(a), 1, 2 * k_unit_bytes);
    run(1);
    m_space.free(a, false);
    ASSERT_EQ(run(2), a);
    EXPECT_TRUE(m_space.at(a).touched && m_space.at(a + 1).touched);
    m_space.free(a, true);
    ASSERT_EQ(run(2), a);
    EXPECT_FALSE(m_space.at(a).touched || m_space.at(a + 1).touched);
    EXPECT_EQ(m_space.address_of(a)[5], std::byte{0});
}

TEST_F(space, contains_its_range_and_nothing_else) {
    EXPECT_TRUE(m_space.contains(m_space.base()));
    EXPECT_TRUE(m_space.contains(m_space.base() + m_space.bytes() - 1));
    EXPECT_FALSE(m_space.contains(m_space.base() + m_space.bytes()));
    EXPECT_FALSE(m_space.contains(m_space.base() - 1));
    EXPECT_FALSE(m_space.contains(nullptr));
    EXPECT_FALSE(m_space.contains(this));
}

TEST_F(space, keeps_its_invariants_whatever_is_done) {
    std::mt19937_64 random = xpar::test::seeded_random();
    std::map<std::uint32_t, std::uint32_t> runs; // first -> length
    for (int step = 0; step < 20'000; ++step) {
        const auto length = static_cast<std::uint32_t>(1 + random() % (random() % 8 == 0 ? 60 : 4));
        if (runs.empty() || random() % 5 < 2) {
            const std::uint32_t first = run(length);
            if (first == unit_space::k_none) {
                continue;
            }
            const auto behind = runs.lower_bound(first);
            ASSERT_TRUE(behind == runs.end() || first + length <= behind->first);
            ASSERT_TRUE(behind == runs.begin() || std::prev(behind)->first + std::prev(behind)->second <= first);
            runs[first] = length;
        } else {
            auto chosen = runs.lower_bound(static_cast<std::uint32_t>(random() % 1000));
            chosen = chosen == runs.end() ? runs.begin() : chosen;
            if (random() % 3 == 0) {
                if (m_space.resize(chosen->first, length)) {
                    chosen->second = length;
                }
            } else {
                m_space.free(chosen->first, random() % 4 == 0);
                runs.erase(chosen);
            }
        }
        if (step % 100 == 0) {
            ASSERT_STREQ(m_space.find_defect(), nullptr) << "after step " << step;
        }
    }
}

} // namespace
