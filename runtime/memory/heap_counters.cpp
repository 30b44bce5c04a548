#include "runtime/memory/heap_counters.hpp"

#include <algorithm>

namespace xpar {

heap_figures sum_up(const heap_counters_shm& counters) noexcept {
    heap_figures sum;
    const auto add = [&sum](const heap_counters_shm::pair& of) {
        // Frees first: read the other way round, a free in between would make more frees than allocations.
        const std::uint64_t frees = of.frees.load(std::memory_order_relaxed);
        const std::uint64_t allocations = std::max(frees, of.allocations.load(std::memory_order_relaxed));
        sum.frees += frees;
        sum.allocations += allocations;
        sum.live_blocks += allocations - frees;
        return allocations - frees;
    };
    for (unsigned size_class = 0; size_class < k_size_classes; ++size_class) {
        sum.live_bytes += add(counters.classes[size_class]) * class_bytes(size_class);
    }
    add(counters.runs);
    sum.live_bytes += counters.run_bytes.load(std::memory_order_relaxed);
    return sum;
}

} // namespace xpar
