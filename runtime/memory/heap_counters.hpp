// What a context's heap tells about itself while it runs and after it is gone: in the region, written by the context
// alone, read by anyone. Readers see numbers that were true a moment ago, not all at the same one.
#pragma once

#include "runtime/memory/size_classes.hpp"

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace xpar {

// One writer, so an addition needs no locked instruction: a load, an addition and a store, 0.3 ns.
inline void add_relaxed(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

// All zeros: a heap that was never made.
struct heap_counters_shm {
    struct pair {
        std::atomic<std::uint64_t> allocations; // ever
        std::atomic<std::uint64_t> frees;       // ever; never more than allocations
    };

    pair classes[k_size_classes];           // small blocks, by size class
    pair runs;                              // blocks of whole units
    std::atomic<std::uint64_t> run_bytes;   // in live runs, as asked for
    std::atomic<std::uint64_t> units;       // of 64 KiB in use by pages and runs
    std::atomic<std::uint64_t> base;        // address of the heap's range in its process
    std::atomic<std::uint64_t> table;       // address of its unit_info table there; 0: there is no heap
    std::atomic<std::uint64_t> range_units; // length of both
};

// What the heaps of one context may have together. They may be used by different threads, so here additions are locked;
// they happen once a unit. All zeros but `limit` is a budget nothing was taken from.
struct heap_budget_shm {
    std::atomic<std::uint64_t> limit;    // units; written before the first heap is made
    std::atomic<std::uint64_t> units;    // in use
    std::atomic<std::uint64_t> peak;     // the most there ever were; may miss a peak of two threads at one instant
    std::atomic<std::uint64_t> refusals; // allocations refused because of the limit
};
static_assert(std::is_standard_layout_v<heap_counters_shm> && std::is_trivially_destructible_v<heap_counters_shm>);
static_assert(std::is_standard_layout_v<heap_budget_shm> && std::is_trivially_destructible_v<heap_budget_shm>);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

struct heap_figures {
    std::uint64_t live_bytes = 0; // small blocks count with the size of their class
    std::uint64_t live_blocks = 0;
    std::uint64_t allocations = 0;
    std::uint64_t frees = 0;
};

// Sums over all classes and the runs.
heap_figures sum_up(const heap_counters_shm& counters) noexcept;

} // namespace xpar
