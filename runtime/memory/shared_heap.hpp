// Heaps that many processes fill and nobody frees from: an xlist's, a batch's. What a heap holds goes in one piece
// (region::release). Each process fills chunks of its own through a private cursor: no locks, and a process killed in
// the middle leaves no more than bytes nobody knows of. A cursor belongs to one process and one thread at a time
// (above: whoever holds the GIL).
#pragma once

#include "runtime/memory/region.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <unordered_map>

namespace xpar {

// The shared side of a heap; all zeros is an empty one. Any process reads and writes every field.
struct alignas(64) shared_heap_shm {
    std::atomic<std::uint64_t>
        allocated_bytes;             // handed out; a statistic, added to with relaxed order by every allocation
    std::atomic<std::uint64_t> runs; // runs of chunks asked for; counted before they are, so 0 means: owns no chunk
    std::atomic<region_offset>
        references; // anchor for what has to be let go before the heap goes; kept by the user above
};
static_assert(std::is_standard_layout_v<shared_heap_shm> && std::is_trivially_destructible_v<shared_heap_shm>);
static_assert(sizeof(shared_heap_shm) == 64 && std::atomic<std::uint64_t>::is_always_lock_free);

// Bump allocation in chunks of one heap that only this process fills.
class heap_cursor {
public:
    heap_cursor(region& memory, heap_id heap, shared_heap_shm& shared) noexcept
        : p_region(&memory), p_shared(&shared), m_heap(heap) {}

    // Zeroed bytes, or 0 when the region is full. `alignment`: a power of two, at most k_chunk_bytes.
    // An addition, a comparison, and a relaxed locked addition on a line shared by all who fill the heap: 5 ns alone.
    region_offset allocate(std::size_t bytes, std::size_t alignment = 8) noexcept {
        const region_offset start = (m_next + alignment - 1) & ~(region_offset{alignment} - 1);
        // m_end is a multiple of every alignment allowed, so start <= m_end. bytes == 0 wraps and takes the slow path.
        if (bytes - 1 < m_end - start) {
            m_next = start + bytes;
            p_shared->allocated_bytes.fetch_add(bytes, std::memory_order_relaxed); // a statistic orders nothing
            return start;
        }
        return allocate_slow(bytes, alignment);
    }

private:
    region_offset allocate_slow(std::size_t bytes, std::size_t alignment) noexcept;

    region* p_region;
    shared_heap_shm* p_shared;
    heap_id m_heap;
    region_offset m_next = 0;
    region_offset m_end = 0;
    std::size_t m_run_bytes = 0; // of the current run; 0 before the first
};

// The cursors of this process.
class cursor_table {
public:
    explicit cursor_table(region& memory) noexcept : p_region(&memory) {}
    cursor_table(const cursor_table&) = delete;
    cursor_table& operator=(const cursor_table&) = delete;

    // Made at the first call; the reference holds until forget. The last heap asked for is found without a search.
    heap_cursor& of(heap_id heap, shared_heap_shm& shared) {
        if (heap != m_last_heap) {
            p_last = &m_cursors.try_emplace(heap, *p_region, heap, shared).first->second;
            m_last_heap = heap;
        }
        return *p_last;
    }

    // Before a heap is released: its id may come back as another heap.
    void forget(heap_id heap) noexcept;

    // In a child, right after fork: the chunks under the inherited cursors are the parent's to fill.
    void forget_all() noexcept;

private:
    region* p_region;
    std::unordered_map<heap_id, heap_cursor> m_cursors; // nodes stay where they are
    heap_id m_last_heap = 0;
    heap_cursor* p_last = nullptr;
};

} // namespace xpar
