// How full a context's heaps are from end to end, in a bounded number of cells: what a picture of their pages is made
// of. Reads the tables of units only, of any process whose memory can be read, while it runs. Not for: which blocks
// live (heap_walk).
#pragma once

#include "runtime/memory/heap_counters.hpp"
#include "runtime/memory/heap_walk.hpp"

#include <cstddef>
#include <initializer_list>
#include <vector>

namespace xpar {

// The share of each cell, 0 to 1, that live blocks take. Cells are equally long parts of the units that were ever used,
// one heap's after the other's; at most `most`. Empty when there are none or a table cannot be read.
std::vector<float> map_heaps(memory_reader& reader, std::initializer_list<const heap_counters_shm*> heaps,
                             std::size_t most);

} // namespace xpar
