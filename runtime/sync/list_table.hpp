// The shared lists by number: a fixed array in the region, an entry a list, claimed and given up by compare-and-swap.
// A list's number is the id of its heap. Lists are counted by reference; who counts is the caller's business.
// Any process may allocate, retain and read; release and sweep, which give memory back, are the main process's alone,
// and the last release must come when no other process uses the list any more.
#pragma once

#include "runtime/memory/region.hpp"
#include "runtime/memory/shared_heap.hpp"
#include "runtime/sync/interlocked_list.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace xpar {

// All zeros is a free entry. An entry is in one of three states, all in `life`:
//   free       0
//   live       references in the low half (1 or more), the heap of the batch that made it (0: none) in the high half
//   releasing  k_releasing: its memory is being given back; sweep() finishes what a killed process began
// Claiming is one CAS free -> live that writes both halves, so a process killed next to it leaves an entry that its
// batch's end finds. `generation` rises before an entry becomes free: number and generation together name one list for
// ever (or until a number has been used 2^32 times).
struct shared_list_shm {
    std::atomic<std::uint64_t> life;       // by CAS only; allocate and retain: any process, the rest: the main process
    std::atomic<std::uint32_t> generation; // the main process, while releasing; others read it while the list is live
    alignas(64) shared_heap_shm heap;
    interlocked_list_shm list;

    static constexpr std::uint64_t k_releasing = ~std::uint64_t{0};
};
static_assert(std::is_standard_layout_v<shared_list_shm> && std::is_trivially_destructible_v<shared_list_shm>);
static_assert(sizeof(shared_list_shm) == 768);

class list_table {
public:
    static constexpr std::uint32_t k_default_capacity = 65536;

    // The array takes address space; memory only where entries are used. False when the region is too small for it.
    [[nodiscard]] static bool create(region& memory, std::optional<list_table>& out,
                                     std::uint32_t capacity = k_default_capacity) noexcept;

    // A new, empty list with one reference; 0 when the table is full. `created_by`: the heap of the batch that makes
    // it, or 0.
    heap_id allocate(std::uint32_t created_by) noexcept;

    shared_list_shm& at(heap_id list) const noexcept;
    interlocked_list list(heap_id list) const noexcept { return {p_region, &at(list).list, list}; }

    void retain(heap_id list) noexcept;

    // True when this was the last reference: the memory has been given back and the number is free.
    bool release(heap_id list) noexcept;

    // Finishes releases that a killed process began; returns how many.
    std::uint32_t sweep() noexcept;

    // True when the list was made by that batch and nobody has claimed so before: the reference of its creation is the
    // caller's.
    bool drop_creator(heap_id list, std::uint32_t created_by) noexcept;

    std::uint32_t references(heap_id list) const noexcept; // 0 unless live
    std::uint32_t generation(heap_id list) const noexcept;

    // Every list that was ever live has a number below this.
    std::uint32_t high_water() const noexcept;
    std::uint64_t live() const noexcept; // counts them

private:
    struct table_shm;

    list_table(region& memory, table_shm& shared) noexcept : p_region(&memory), p_shared(&shared) {}

    void finish_release(heap_id list) noexcept;

    region* p_region;
    table_shm* p_shared;
};

} // namespace xpar
