#include "runtime/memory/heap_map.hpp"

#include "runtime/memory/context_heap.hpp"
#include "tests/unit/forked.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace {

using xpar::context_heap;
using xpar::heap_budget_shm;
using xpar::heap_counters_shm;
using xpar::k_unit_bytes;
using xpar::map_heaps;

struct one_heap {
    one_heap() {
        budget.limit = 4096;
        EXPECT_TRUE(context_heap::create(budget, counters, heap));
    }

    heap_budget_shm budget{};
    heap_counters_shm counters{};
    std::unique_ptr<context_heap> heap;
};

float sum_of(const std::vector<float>& cells) {
    return std::accumulate(cells.begin(), cells.end(), 0.0F);
}

TEST(heap_map, an_empty_heap_has_no_cells) {
    one_heap empty;
    heap_counters_shm never_made{};
    xpar::local_reader here;
    EXPECT_TRUE(map_heaps(here, {&empty.counters, &never_made}, 256).empty());
}

TEST(heap_map, a_cell_for_each_unit_while_they_are_few) {
    one_heap one;
    one.heap->allocate(3 * k_unit_bytes);
    void* const gap = one.heap->allocate(2 * k_unit_bytes);
    one.heap->allocate(k_unit_bytes + k_unit_bytes / 2);
    one.heap->free(gap);
    xpar::local_reader here;
    const std::vector<float> cells = map_heaps(here, {&one.counters}, 256);
    EXPECT_EQ(cells, (std::vector<float>{1, 1, 1, 0, 0, 0.75F, 0.75F}));
}

TEST(heap_map, small_blocks_fill_their_page) {
    one_heap one;
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < k_unit_bytes / 64; ++i) {
        blocks.push_back(one.heap->allocate(64));
    }
    xpar::local_reader here;
    EXPECT_EQ(map_heaps(here, {&one.counters}, 256), std::vector<float>{1.0F});
    for (std::size_t i = 0; i < blocks.size() / 2; ++i) {
        one.heap->free(blocks[2 * i]);
    }
    EXPECT_EQ(map_heaps(here, {&one.counters}, 256), std::vector<float>{0.5F});
}

TEST(heap_map, many_units_share_cells) {
    one_heap one;
    for (int i = 0; i < 500; ++i) {
        void* const kept = one.heap->allocate(k_unit_bytes);
        void* const dropped = one.heap->allocate(k_unit_bytes);
        EXPECT_NE(kept, nullptr);
        (void)dropped;
    }
    one.heap->allocate(500 * k_unit_bytes);
    xpar::local_reader here;
    const std::vector<float> cells = map_heaps(here, {&one.counters}, 256);
    ASSERT_EQ(cells.size(), 256U);
    EXPECT_NEAR(sum_of(cells), 256.0F, 0.01F);
}

TEST(heap_map, heaps_come_one_after_the_other) {
    one_heap first;
    one_heap second;
    first.heap->allocate(2 * k_unit_bytes);
    second.heap->allocate(k_unit_bytes / 2);
    xpar::local_reader here;
    EXPECT_EQ(map_heaps(here, {&first.counters, &second.counters}, 256), (std::vector<float>{1, 1, 0.5F}));
}

TEST(heap_map, of_another_process) {
    struct world {
        heap_budget_shm budget;
        heap_counters_shm counters;
        std::atomic<int> ready;
    };
    const xpar::test::shared<world> there;
    there->budget.limit = 64;
    xpar::test::child owner([&] {
        std::unique_ptr<context_heap> heap;
        if (!context_heap::create(there->budget, there->counters, heap) ||
            heap->allocate(2 * k_unit_bytes) == nullptr) {
            return 1;
        }
        there->ready.store(1);
        pause();
        return 0;
    });
    for (int i = 0; i < 20'000 && there->ready.load() == 0; ++i) {
        usleep(1000);
    }
    ASSERT_EQ(there->ready.load(), 1);
    xpar::process_reader reader(owner.pid());
    EXPECT_EQ(map_heaps(reader, {&there->counters}, 256), (std::vector<float>{1, 1}));
    EXPECT_EQ(owner.kill(), -SIGKILL);
    EXPECT_TRUE(map_heaps(reader, {&there->counters}, 256).empty()) << "it can no longer be read";
}

} // namespace
