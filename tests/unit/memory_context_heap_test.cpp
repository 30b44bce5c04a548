#include "runtime/memory/context_heap.hpp"

#include "tests/unit/forked.hpp"
#include "tests/unit/seed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

using xpar::context_heap;
using xpar::heap_budget_shm;
using xpar::heap_counters_shm;
using xpar::k_unit_bytes;

constexpr std::uint64_t k_limit_units = 2048; // 128 MiB

// The thread sanitizer looks at every byte that a test writes or compares: 40 times as long.
#if defined(__SANITIZE_THREAD__)
constexpr int k_random_steps = 1'000;
#else
constexpr int k_random_steps = 30'000;
#endif

class heap : public testing::Test {
protected:
    void SetUp() override {
        m_budget.limit = k_limit_units;
        ASSERT_TRUE(context_heap::create(m_budget, m_counters, m_heap));
    }
    void TearDown() override { EXPECT_STREQ(m_heap->find_defect(), nullptr); }

    heap_budget_shm m_budget{};
    heap_counters_shm m_counters{};
    std::unique_ptr<context_heap> m_heap;
};

TEST(size_classes, every_size_goes_to_the_smallest_class_that_holds_it) {
    for (std::size_t bytes = 1; bytes <= xpar::k_largest_small; ++bytes) {
        const unsigned size_class = xpar::size_class_of(bytes);
        ASSERT_LT(size_class, xpar::k_size_classes);
        ASSERT_GE(xpar::class_bytes(size_class), bytes);
        ASSERT_TRUE(size_class == 0 || xpar::class_bytes(size_class - 1) < bytes) << bytes;
        ASSERT_EQ(xpar::class_bytes(size_class) % xpar::k_block_alignment, 0U);
    }
}

TEST_F(heap, blocks_are_aligned_apart_and_its_own) {
    std::map<char*, std::size_t> blocks;
    for (std::size_t bytes = 0; bytes < 200'000; bytes += 1 + bytes / 16) {
        auto* const place = static_cast<char*>(m_heap->allocate(bytes));
        ASSERT_NE(place, nullptr);
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(place) % xpar::k_block_alignment, 0U);
        ASSERT_TRUE(m_heap->owns(place));
        ASSERT_GE(m_heap->usable_bytes(place), bytes);
        std::memset(place, 0xee, bytes);
        blocks[place] = std::max<std::size_t>(bytes, 1);
    }
    for (auto block = blocks.begin(); std::next(block) != blocks.end(); ++block) {
        ASSERT_LE(block->first + block->second, std::next(block)->first);
    }
    int outside = 0;
    EXPECT_FALSE(m_heap->owns(&outside));
}

TEST_F(heap, size_zero_gives_distinct_places) {
    std::set<void*> places;
    for (int i = 0; i < 1000; ++i) {
        places.insert(m_heap->allocate(0));
        places.insert(m_heap->allocate_zeroed(0));
    }
    EXPECT_EQ(places.size(), 2000U);
    EXPECT_FALSE(places.contains(nullptr));
}

TEST_F(heap, zeroed_memory_is_zero_also_where_it_was_used_before) {
    for (const std::size_t bytes : {1UL, 100UL, 5000UL, 16384UL, 16385UL, 70'000UL, 3'000'000UL}) {
        for (int round = 0; round < 3; ++round) {
            auto* const place = static_cast<char*>(m_heap->allocate_zeroed(bytes));
            ASSERT_EQ(std::count(place, place + bytes, 0), static_cast<long>(bytes)) << bytes;
            std::memset(place, 0xff, bytes);
            m_heap->free(place);
        }
    }
}

TEST_F(heap, reallocation_keeps_the_content_at_every_size) {
    const std::size_t sizes[] = {0,     1,     16,    17,    100,     512,       513,      8000,
                                 16384, 16385, 65536, 65537, 500'000, 1'000'000, 2'500'000};
    for (const std::size_t before : sizes) {
        for (const std::size_t after : sizes) {
            auto* place = static_cast<unsigned char*>(m_heap->allocate(before));
            void* const neighbour = m_heap->allocate(70'000); // so that it cannot always grow where it is
            for (std::size_t i = 0; i < before; ++i) {
                place[i] = static_cast<unsigned char>(i * 7);
            }
            place = static_cast<unsigned char*>(m_heap->reallocate(place, after));
            ASSERT_NE(place, nullptr);
            ASSERT_GE(m_heap->usable_bytes(place), after);
            for (std::size_t i = 0; i < std::min(before, after); ++i) {
                ASSERT_EQ(place[i], static_cast<unsigned char>(i * 7)) << before << " to " << after << " at " << i;
            }
            std::memset(place, 0xaa, after);
            m_heap->free(place);
            m_heap->free(neighbour);
        }
    }
}

TEST_F(heap, counts_what_lives) {
    void* const small = m_heap->allocate(40);
    void* const large = m_heap->allocate(100'000);
    const xpar::heap_figures both = xpar::sum_up(m_counters);
    EXPECT_EQ(both.live_blocks, 2U);
    EXPECT_EQ(both.live_bytes, 48U + 100'000U);
    EXPECT_EQ(both.allocations, 2U);
    EXPECT_EQ(m_budget.units, 3U);
    m_heap->free(small);
    m_heap->free(large);
    const xpar::heap_figures none = xpar::sum_up(m_counters);
    EXPECT_EQ(none.live_bytes, 0U);
    EXPECT_EQ(none.frees, 2U);
    EXPECT_EQ(m_budget.units, 1U); // the page of the class, kept for its next block
    EXPECT_EQ(m_budget.peak, 3U);
}

TEST_F(heap, pages_without_blocks_serve_other_sizes) {
    std::vector<void*> blocks;
    for (int i = 0; i < 100'000; ++i) {
        blocks.push_back(m_heap->allocate(64));
    }
    const std::uint64_t peak = m_budget.units;
    for (void* const block : blocks) {
        m_heap->free(block);
    }
    EXPECT_LE(m_budget.units, 1U);
    for (int i = 0; i < 10'000; ++i) {
        m_heap->allocate(500);
    }
    EXPECT_LE(m_budget.peak, peak);
}

TEST_F(heap, refuses_what_exceeds_the_limit_and_goes_on) {
    EXPECT_EQ(m_heap->allocate((k_limit_units + 1) * k_unit_bytes), nullptr);
    EXPECT_EQ(m_heap->allocate(SIZE_MAX / 2), nullptr);
    EXPECT_EQ(m_heap->allocate(SIZE_MAX), nullptr);
    EXPECT_EQ(m_heap->allocate_zeroed(SIZE_MAX), nullptr);
    EXPECT_EQ(m_budget.refusals, 1U); // sizes that no heap could hold are none of the limit's business
    void* const most = m_heap->allocate(k_limit_units * k_unit_bytes);
    ASSERT_NE(most, nullptr);
    EXPECT_EQ(m_heap->reallocate(most, (k_limit_units + 1) * k_unit_bytes), nullptr);
    m_heap->free(most);
    EXPECT_NE(m_heap->allocate(k_unit_bytes), nullptr);
}

TEST_F(heap, leaves_small_blocks_a_reserve_once_the_limit_was_reached) {
    std::vector<void*> blocks;
    while (void* const block = m_heap->allocate(1000)) {
        blocks.push_back(block);
        ASSERT_LT(blocks.size(), 1'000'000U);
    }
    EXPECT_EQ(m_budget.units, k_limit_units);
    // What an exception needs: some small blocks of several sizes.
    for (std::size_t bytes = 16; bytes < 2000; bytes += 300) {
        EXPECT_NE(m_heap->allocate(bytes), nullptr);
    }
    EXPECT_EQ(m_heap->allocate(100'000), nullptr);
    std::size_t more = 0;
    while (m_heap->allocate(1000) != nullptr) {
        ASSERT_LT(++more, 100'000U); // the reserve has an end
    }
    for (void* const block : blocks) {
        m_heap->free(block);
    }
    EXPECT_NE(m_heap->allocate(10 * k_unit_bytes), nullptr);
}

TEST_F(heap, two_heaps_share_one_budget) {
    heap_counters_shm counters{};
    std::unique_ptr<context_heap> other;
    ASSERT_TRUE(context_heap::create(m_budget, counters, other));
    void* const half = m_heap->allocate(k_limit_units / 2 * k_unit_bytes);
    ASSERT_NE(half, nullptr);
    EXPECT_EQ(other->allocate((k_limit_units / 2 + 1) * k_unit_bytes), nullptr);
    void* const rest = other->allocate(k_limit_units / 2 * k_unit_bytes);
    EXPECT_NE(rest, nullptr);
    EXPECT_EQ(m_budget.units, k_limit_units);
    other->free(rest);
    m_heap->free(half);
    EXPECT_EQ(m_budget.units, 0U);
}

TEST_F(heap, memory_of_large_blocks_goes_back_to_the_system) {
    const auto resident_pages = [] {
        long total = 0;
        long resident = 0;
        FILE* const file = std::fopen("/proc/self/statm", "r");
        EXPECT_EQ(std::fscanf(file, "%ld %ld", &total, &resident), 2);
        std::fclose(file);
        return resident;
    };
    constexpr std::size_t k_bytes = 64 << 20;
    void* const place = m_heap->allocate(k_bytes);
    std::memset(place, 1, k_bytes);
    const long before = resident_pages();
    m_heap->free(place);
    EXPECT_LT(resident_pages(), before - static_cast<long>(k_bytes / 4096 / 2));
}

TEST_F(heap, a_forked_child_counts_for_itself) {
    xpar::test::shared<heap_counters_shm> counters;
    xpar::test::shared<heap_budget_shm> budget;
    budget->limit = k_limit_units;
    std::unique_ptr<context_heap> forked_heap;
    ASSERT_TRUE(context_heap::create(*budget, *counters, forked_heap));
    void* const block = forked_heap->allocate(100);
    xpar::test::child other([&] {
        forked_heap->detach_counters_child();
        forked_heap->free(block);
        for (int i = 0; i < 10'000; ++i) {
            forked_heap->allocate(1000);
        }
        return forked_heap->find_defect() == nullptr ? 0 : 1;
    });
    EXPECT_EQ(other.wait(), 0);
    EXPECT_EQ(xpar::sum_up(*counters).allocations, 1U);
    EXPECT_EQ(budget->units, 1U);
    EXPECT_STREQ(forked_heap->find_defect(), nullptr);
}

// Every block carries a pattern of its own; whatever is written through another one, or lost on the way, shows.
TEST_F(heap, keeps_content_and_invariants_whatever_is_done) {
    std::mt19937_64 random = xpar::test::seeded_random();
    struct content {
        std::size_t bytes;
        int pattern;
    };
    std::map<unsigned char*, content> live;
    const auto some_size = [&random] {
        const std::size_t most = std::size_t{1} << (4 + random() % 18);
        return static_cast<std::size_t>(random() % most);
    };
    const auto is_whole = [](const unsigned char* place, std::size_t bytes, int pattern) {
        return std::all_of(place, place + bytes, [pattern](unsigned char byte) { return byte == pattern; });
    };
    for (int step = 0; step < k_random_steps; ++step) {
        const std::size_t bytes = some_size();
        const int pattern = 1 + static_cast<int>(random() % 255);
        if (live.empty() || (random() % 5 < 3 && live.size() < 2000)) {
            const bool zeroed = random() % 2 == 0;
            auto* const place =
                static_cast<unsigned char*>(zeroed ? m_heap->allocate_zeroed(bytes) : m_heap->allocate(bytes));
            if (place == nullptr) {
                continue;
            }
            ASSERT_TRUE(!zeroed || is_whole(place, bytes, 0));
            ASSERT_FALSE(live.contains(place));
            std::memset(place, pattern, bytes);
            live[place] = {bytes, pattern};
            continue;
        }
        auto chosen = live.lower_bound(reinterpret_cast<unsigned char*>(m_heap->space().base()) +
                                       random() % (std::size_t{m_heap->space().top()} * k_unit_bytes));
        chosen = chosen == live.end() ? live.begin() : chosen;
        const auto [place, before] = *chosen;
        ASSERT_TRUE(is_whole(place, before.bytes, before.pattern)) << "step " << step;
        if (random() % 2 == 0) {
            m_heap->free(place);
            live.erase(chosen);
        } else if (auto* const moved = static_cast<unsigned char*>(m_heap->reallocate(place, bytes))) {
            live.erase(chosen);
            ASSERT_TRUE(is_whole(moved, std::min(bytes, before.bytes), before.pattern)) << "step " << step;
            std::memset(moved, pattern, bytes);
            live[moved] = {bytes, pattern};
        }
        if (step % 500 == 0) {
            ASSERT_STREQ(m_heap->find_defect(), nullptr) << "after step " << step;
        }
    }
}

} // namespace
