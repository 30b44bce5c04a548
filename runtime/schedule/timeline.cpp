#include "runtime/schedule/timeline.hpp"

#include "runtime/schedule/batch.hpp"

#include <algorithm>

namespace xpar {
namespace {

std::size_t number_of(work_state state) noexcept {
    return static_cast<std::size_t>(state);
}

// The order in which states are told, most worth telling first.
constexpr work_state k_telling[k_work_states] = {work_state::running,   work_state::crashed, work_state::failed,
                                                 work_state::cancelled, work_state::done,    work_state::pending};

std::size_t rank_of(work_state state) noexcept {
    const auto* const found = std::find(std::begin(k_telling), std::end(k_telling), state);
    return static_cast<std::size_t>(found - std::begin(k_telling));
}

work_record record_of_work(const work_table& works, std::uint64_t index) noexcept {
    const work_view seen = works.view(index);
    const work_shm& work = works.at(index);
    const std::uint64_t started = work.started_ns.load(std::memory_order_relaxed);
    const bool begun = seen.state != work_state::pending && seen.slot != k_no_slot && started != 0;
    // A work that is about to end has its time already; until its state says so, it runs.
    const std::uint64_t ended = is_final(seen.state) ? work.ended_ns.load(std::memory_order_relaxed) : 0;
    return {index, begun ? started : 0, ended, begun ? seen.slot : k_no_context, seen.state};
}

void merge(timeline_bar& into, const work_record& work) noexcept {
    ++into.count;
    into.ended_ns = work.ended_ns;
    if (work.state != into.state && rank_of(work.state) < rank_of(into.state)) {
        into.state = work.state;
    }
}

} // namespace

std::vector<timeline_bar> timeline(const work_table& works, std::uint32_t slots, std::uint64_t most) {
    std::vector<std::uint64_t> together(slots); // how many works make a bar, by slot
    for (std::uint64_t index = 0; index < works.size(); ++index) {
        if (const work_view seen = works.view(index); seen.state != work_state::pending && seen.slot < slots) {
            ++together[seen.slot];
        }
    }
    for (std::uint64_t& number : together) {
        number = std::max<std::uint64_t>((number + most - 1) / most, 1);
    }
    // Each slot takes works in the order of their indices, so that order is the order of time in its lane.
    std::vector<std::vector<timeline_bar>> lanes(slots);
    for (std::uint64_t index = 0; index < works.size(); ++index) {
        const work_record work = record_of_work(works, index);
        if (work.slot >= slots) {
            continue;
        }
        std::vector<timeline_bar>& lane = lanes[work.slot];
        if (!lane.empty() && lane.back().count < together[work.slot] && lane.back().ended_ns != 0) {
            merge(lane.back(), work);
        } else if (lane.size() < most) { // else it has begun since they were counted
            lane.push_back({index, work.started_ns, work.ended_ns, 1, work.slot, work.state});
        }
    }
    std::vector<timeline_bar> all;
    for (const std::vector<timeline_bar>& lane : lanes) {
        all.insert(all.end(), lane.begin(), lane.end());
    }
    return all;
}

std::array<std::uint64_t, k_work_states> count_states(const work_table& works) noexcept {
    std::array<std::uint64_t, k_work_states> counts{};
    for (std::uint64_t index = 0; index < works.size(); ++index) {
        ++counts[number_of(works.view(index).state)];
    }
    return counts;
}

std::vector<work_record> select_works(const work_table& works, std::uint32_t states, std::uint64_t most) {
    const std::array<std::uint64_t, k_work_states> counts = count_states(works);
    std::array<std::uint64_t, k_work_states> wanted{};
    std::uint64_t left = most;
    for (const work_state state : k_telling) {
        if ((states >> number_of(state) & 1) != 0) {
            wanted[number_of(state)] = std::min(counts[number_of(state)], left);
            left -= wanted[number_of(state)];
        }
    }
    std::vector<work_record> selected;
    std::array<std::uint64_t, k_work_states> passed{};
    for (std::uint64_t index = 0; index < works.size() && selected.size() < most; ++index) {
        const work_record work = record_of_work(works, index);
        const std::size_t state = number_of(work.state);
        const std::uint64_t before = passed[state]++;
        const std::uint64_t first = work.state == work_state::pending ? 0 : counts[state] - wanted[state];
        if (before >= first && before - first < wanted[state]) {
            selected.push_back(work);
        }
    }
    return selected;
}

} // namespace xpar
