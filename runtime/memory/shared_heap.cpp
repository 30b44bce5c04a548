#include "runtime/memory/shared_heap.hpp"

#include <algorithm>

namespace xpar {
namespace {

constexpr std::size_t k_longest_run = std::size_t{1} << 20;

} // namespace

region_offset heap_cursor::allocate_slow(std::size_t bytes, std::size_t alignment) noexcept {
    bytes = std::max<std::size_t>(bytes, 1);
    // Runs double from one chunk up: a heap with little in it costs little, one with much asks the region seldom.
    m_run_bytes = m_run_bytes == 0 ? k_chunk_bytes : std::min(2 * m_run_bytes, k_longest_run);
    // seq_cst, before the chunks are claimed: a release after a kill in between looks for them.
    p_shared->runs.fetch_add(1);
    if (bytes > m_run_bytes / 2) {
        // A run of its own, and the current one goes on: starting a new one would throw away up to as much as is asked
        // for.
        const region_offset place = p_region->allocate(bytes, m_heap);
        if (place != 0) {
            p_shared->allocated_bytes.fetch_add(bytes, std::memory_order_relaxed);
        }
        return place;
    }
    region_offset run = p_region->allocate(m_run_bytes, m_heap);
    if (run == 0) { // a full region may still have single chunks, and those may do
        m_run_bytes = k_chunk_bytes;
        run = bytes <= m_run_bytes ? p_region->allocate(m_run_bytes, m_heap) : 0;
        if (run == 0) {
            return 0;
        }
    }
    m_next = run;
    m_end = run + m_run_bytes;
    return allocate(bytes, alignment); // fits now: a run is aligned to a chunk
}

void cursor_table::forget(heap_id heap) noexcept {
    if (heap == m_last_heap) {
        m_last_heap = 0;
        p_last = nullptr;
    }
    m_cursors.erase(heap);
}

void cursor_table::forget_all() noexcept {
    m_last_heap = 0;
    p_last = nullptr;
    m_cursors.clear();
}

} // namespace xpar
