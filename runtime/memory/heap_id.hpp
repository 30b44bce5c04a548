// The numbers that say who owns a chunk of the region. One numbering for all: the owner table holds nothing else.
#pragma once

#include <cstdint>

namespace xpar {

using heap_id = std::uint32_t;

// 0: nobody.
// 1 ... k_first_batch_heap - 1: shared lists; the id is the list's number in list_table.
// k_first_batch_heap ... k_engine_heap - 1: batches, numbered by whoever starts them.
inline constexpr heap_id k_first_batch_heap = heap_id{1} << 24;
inline constexpr heap_id k_engine_heap = 0xffff'fffe; // what lives as long as the region, outside of its own table
inline constexpr heap_id k_region_heap = 0xffff'ffff; // the region's own table

} // namespace xpar
