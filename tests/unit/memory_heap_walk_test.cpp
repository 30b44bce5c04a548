#include "runtime/memory/context_heap.hpp"
#include "runtime/memory/heap_walk.hpp"

#include "tests/unit/forked.hpp"
#include "tests/unit/seed.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <map>
#include <vector>

namespace {

using xpar::context_heap;
using xpar::heap_budget_shm;
using xpar::heap_counters_shm;

struct collector final : xpar::block_visitor {
    bool visit(std::uint64_t address, std::size_t bytes, const std::byte* first, std::size_t first_bytes) override {
        EXPECT_EQ(first_bytes, std::min<std::size_t>(bytes, 64));
        std::uint32_t mark = 0;
        std::memcpy(&mark, first, std::min(first_bytes, sizeof mark));
        found[address] = {bytes, mark};
        return found.size() < most;
    }

    std::map<std::uint64_t, std::pair<std::size_t, std::uint32_t>> found;
    std::size_t most = SIZE_MAX;
};

bool walk(xpar::memory_reader& reader, const heap_counters_shm& of, xpar::block_visitor& visitor) {
    return xpar::walk_heap(reader, of.base, of.table, static_cast<std::uint32_t>(of.range_units), visitor);
}

std::unique_ptr<context_heap> make(heap_budget_shm& budget, heap_counters_shm& counters) {
    budget.limit = 4096;
    std::unique_ptr<context_heap> made;
    EXPECT_TRUE(context_heap::create(budget, counters, made));
    return made;
}

TEST(heap_walk, finds_the_live_blocks_and_no_others) {
    std::mt19937_64 random = xpar::test::seeded_random();
    heap_budget_shm budget{};
    heap_counters_shm counters{};
    const auto heap = make(budget, counters);
    std::map<std::uint64_t, std::uint32_t> live;
    for (std::uint32_t step = 0; step < 20'000; ++step) {
        if (random() % 3 != 0 || live.empty()) {
            void* const place = heap->allocate(8 + random() % (random() % 50 == 0 ? 300'000 : 400));
            std::memcpy(place, &step, sizeof step);
            live[reinterpret_cast<std::uintptr_t>(place)] = step;
        } else {
            const auto chosen =
                std::next(live.begin(), static_cast<long>(random() % std::min<std::size_t>(live.size(), 50)));
            heap->free(reinterpret_cast<void*>(chosen->first));
            live.erase(chosen);
        }
    }
    collector all;
    xpar::local_reader here;
    ASSERT_TRUE(walk(here, counters, all));
    ASSERT_EQ(all.found.size(), live.size());
    for (const auto& [address, mark] : live) {
        ASSERT_EQ(all.found.at(address).second, mark);
    }
    EXPECT_EQ(all.found.size(), xpar::sum_up(counters).live_blocks);
}

TEST(heap_walk, ends_when_the_visitor_says_so) {
    heap_budget_shm budget{};
    heap_counters_shm counters{};
    const auto heap = make(budget, counters);
    for (int i = 0; i < 100; ++i) {
        heap->allocate(32);
    }
    collector some;
    some.most = 10;
    xpar::local_reader here;
    EXPECT_FALSE(walk(here, counters, some));
    EXPECT_EQ(some.found.size(), 10U);
}

TEST(heap_walk, reads_a_process_that_goes_on_working) {
    xpar::test::shared<heap_budget_shm> budget;
    xpar::test::shared<heap_counters_shm> counters;
    xpar::test::shared<std::atomic<bool>> filled;
    constexpr std::uint32_t k_constant = 5000;
    xpar::test::child worker([&] {
        const auto heap = make(*budget, *counters);
        for (std::uint32_t i = 0; i < k_constant; ++i) {
            void* const place = heap->allocate(1008); // a size nothing else here has
            const std::uint32_t mark = 1000 + i;
            std::memcpy(place, &mark, sizeof mark);
        }
        filled->store(true);
        std::mt19937_64 random(1);
        std::vector<void*> blocks(1000, nullptr);
        for (;;) {
            void*& block = blocks[random() % blocks.size()];
            if (block != nullptr) {
                heap->free(block);
            }
            block = heap->allocate(random() % 100 == 0 ? 100'000 : 8 + random() % 200);
            std::memset(block, static_cast<int>(random()), 8); // garbage where a chain would be looked for
        }
        return 0;
    });
    while (!filled->load()) {
        sched_yield();
    }
    xpar::process_reader there(worker.pid());
    for (int round = 0; round < 200; ++round) {
        collector all;
        if (!walk(there, *counters, all)) {
            continue; // a unit it had just taken was not mapped yet
        }
        std::uint32_t constant = 0;
        for (const auto& [address, block] : all.found) {
            constant += block.first == 1024 && block.second >= 1000 && block.second < 1000 + k_constant ? 1 : 0;
        }
        ASSERT_EQ(constant, k_constant) << "round " << round;
    }
    worker.kill();
    collector none;
    EXPECT_FALSE(walk(there, *counters, none));
}

TEST(heap_walk, survives_tables_full_of_garbage) {
    std::mt19937_64 random = xpar::test::seeded_random();
    heap_budget_shm budget{};
    heap_counters_shm counters{};
    const auto heap = make(budget, counters);
    for (int i = 0; i < 2000; ++i) {
        std::memset(heap->allocate(500), static_cast<int>(i), 500);
    }
    const std::uint32_t top = heap->space().top();
    std::vector<xpar::unit_info> damaged(static_cast<std::size_t>(counters.range_units));
    // Reads the table from the damaged copy, the blocks from the heap, and counts reads outside of both.
    struct reader final : xpar::memory_reader {
        bool read(std::uint64_t address, void* into, std::size_t bytes) noexcept override {
            const auto at = reinterpret_cast<const char*>(address);
            if ((at >= table && at + bytes <= table + table_bytes) || (at >= base && at + bytes <= base + base_bytes)) {
                std::memcpy(into, at, bytes);
                return true;
            }
            return false;
        }
        const char* table;
        std::size_t table_bytes;
        const char* base;
        std::size_t base_bytes;
    } here;
    here.table = reinterpret_cast<const char*>(damaged.data());
    here.table_bytes = damaged.size() * sizeof(xpar::unit_info);
    here.base = reinterpret_cast<const char*>(heap->space().base());
    here.base_bytes = std::size_t{top} * xpar::k_unit_bytes;
    for (int round = 0; round < 500; ++round) {
        std::memcpy(static_cast<void*>(damaged.data()), heap->space().table(), top * sizeof(xpar::unit_info));
        for (int bytes = 0; bytes < 20; ++bytes) {
            reinterpret_cast<unsigned char*>(damaged.data())[random() % (top * sizeof(xpar::unit_info))] =
                static_cast<unsigned char>(random());
        }
        collector all;
        xpar::walk_heap(here, reinterpret_cast<std::uintptr_t>(here.base), reinterpret_cast<std::uintptr_t>(here.table),
                        static_cast<std::uint32_t>(damaged.size()), all);
    }
}

} // namespace
