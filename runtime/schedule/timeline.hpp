// What a batch's work table tells about time, in few words: who ran what from when to when, and how many works are in
// each state. Any process of the batch may ask, while works run and after; a table that changes meanwhile gives an
// answer that was true for each work at some moment. Not for: single works (work_table.hpp), items of queues, which the
// table does not know.
#pragma once

#include "runtime/schedule/work_table.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace xpar {

inline constexpr std::size_t k_work_states = 6;

// Neighbours of one slot's lane that were merged count as one bar, from the first one's start to the last one's end.
struct timeline_bar {
    std::uint64_t index; // of the first work
    std::uint64_t started_ns;
    std::uint64_t ended_ns; // 0 while it runs
    std::uint64_t count;    // works in it
    std::uint32_t slot;
    work_state state; // of several, the one that says most: running, crashed, failed, cancelled, done
};
static_assert(sizeof(timeline_bar) == 40);

struct work_record {
    std::uint64_t index;
    std::uint64_t started_ns; // 0 when it never was
    std::uint64_t ended_ns;   // 0 until it is over
    std::uint32_t slot;       // k_no_context when none ran it
    work_state state;
};
static_assert(sizeof(work_record) == 32);

inline constexpr std::uint32_t k_no_context = ~std::uint32_t{0};

// Works that a context has begun, at most `most` bars for each of `slots` slots, by slot and then by time.
std::vector<timeline_bar> timeline(const work_table& works, std::uint32_t slots, std::uint64_t most);

// How many works are in each state.
std::array<std::uint64_t, k_work_states> count_states(const work_table& works) noexcept;

// At most `most` of the works whose state is in `states` (bit n: state n), in the order of their indices. When there
// are more: those that run before those that did not succeed, before those that are done (the last ones), before those
// that are pending (the next ones).
std::vector<work_record> select_works(const work_table& works, std::uint32_t states, std::uint64_t most);

} // namespace xpar
