// The heap of one context: private memory, one address range, size classes for small blocks, runs of units for the
// rest, no locks. It is never torn down: the process that owns it ends, and all of it is gone in one piece. "Made in
// this context" is one comparison (owns). Not for memory that processes share (shared_heap.hpp). One thread at a time:
// in Python, whoever holds the GIL.
//
// A page is one unit of blocks of one size, with a chain of the free ones. Each class hands out blocks of its current
// page; a page that has none left is `full` and in no list until one of its blocks is freed. Counting, per class, at
// any moment:
//     allocations - frees = sum of `used` over its pages
//     carved / block size = used + length of the chain, in every page
// find_defect() checks all of it.
#pragma once

#include "runtime/memory/heap_counters.hpp"
#include "runtime/memory/unit_space.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace xpar {

class context_heap {
public:
    // The budget bounds the units in use; the range reserved is twice its limit, so that a block of any size allowed
    // finds room. `counters` must be all zero; both must outlive the heap.
    static status create(heap_budget_shm& budget, heap_counters_shm& counters, std::unique_ptr<context_heap>& out);

    context_heap(const context_heap&) = delete;
    context_heap& operator=(const context_heap&) = delete;

    bool owns(const void* place) const noexcept { return m_space.contains(place); }

    // Aligned to 16 bytes; distinct and not null for size 0; null when the limit is reached or the system has no
    // memory. 4.5 ns together with free; benchmark: context_heap_pairs.
    void* allocate(std::size_t bytes) noexcept {
        if (bytes - 1 < k_largest_small) [[likely]] { // 0 wraps around
            const unsigned size_class = size_class_of(bytes);
            unit_info& page = *m_current[size_class];
            if (void* const block = page.free_blocks) [[likely]] {
                page.free_blocks = *static_cast<void**>(block);
                ++page.used;
                add_relaxed(p_counters->classes[size_class].allocations, 1);
                return block;
            }
            return allocate_small_slow(size_class);
        }
        return allocate_slow(bytes);
    }

    // `place` is what allocate or reallocate returned. 4.5 ns together with free; benchmark: context_heap_pairs.
    void free(void* place) noexcept {
        unit_info& page = m_space.info_of(place);
        if (page.kind != unit_kind::page) {
            free_run(place);
            return;
        }
        *static_cast<void**>(place) = page.free_blocks;
        page.free_blocks = place;
        add_relaxed(p_counters->classes[page.size_class].frees, 1);
        --page.used;
        if (page.full || page.used == 0) [[unlikely]] {
            page_changed(page);
        }
    }

    // As calloc(1, bytes); memory that is fresh from the system is not cleared again.
    void* allocate_zeroed(std::size_t bytes) noexcept;

    // As realloc with a place that is not null. On failure the old block stays as it is.
    void* reallocate(void* place, std::size_t bytes) noexcept;

    // Was the last refusal for the limit's sake, and is the heap still near it?
    bool is_refusing() const noexcept { return m_refused; }

    // How many bytes the block can hold.
    std::size_t usable_bytes(const void* place) const noexcept;

    const unit_space& space() const noexcept { return m_space; }
    const heap_counters_shm& counters() const noexcept { return *p_counters; }

    // After a fork: the child counts for itself, unseen; the numbers in the region stay the parent's.
    void detach_counters_child() noexcept;

    // Null, or which invariant does not hold; walks the whole heap.
    const char* find_defect() const noexcept;

private:
    context_heap(heap_budget_shm& budget, heap_counters_shm& counters) noexcept;

    void* allocate_slow(std::size_t bytes) noexcept;
    void* allocate_small_slow(unsigned size_class) noexcept;
    void* allocate_run(std::size_t bytes) noexcept;
    void free_run(void* place) noexcept;
    bool resize_run(void* place, std::size_t bytes) noexcept;
    void* move_run(void* place, std::size_t bytes) noexcept;
    void page_changed(unit_info& page) noexcept;
    bool carve(unit_info& page) noexcept;
    unit_info* fresh_page(unsigned size_class) noexcept;
    bool try_take(std::uint64_t units, bool small) noexcept;
    void gave_back(std::uint64_t units) noexcept;
    std::uint32_t unit_of(const unit_info& page) const noexcept {
        return static_cast<std::uint32_t>(&page - m_space.table());
    }

    // Stands for "no page": its chain is empty and stays so.
    unit_info m_no_page{};
    unit_info* m_current[k_size_classes];
    std::uint32_t m_available[k_size_classes] = {}; // pages with free blocks besides the current one; unit number + 1
    heap_counters_shm* p_counters;
    heap_budget_shm* p_budget;
    unit_space m_space;
    bool m_refused = false;             // the limit was reached, and not left behind since
    heap_counters_shm m_own_counters{}; // these two after detach_counters_child
    heap_budget_shm m_own_budget{};
};

} // namespace xpar
