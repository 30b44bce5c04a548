// A range of private address space that hands out runs of 64 KiB units and takes them back: what a context's heap is
// made of. One table entry a unit, outside the range, so that "is this address mine" is one comparison and a unit's
// entry one shift away. Not for small blocks (context_heap.hpp), nor for memory that processes share (region.hpp). One
// thread at a time.
//
// Invariants
//  - Every unit below `top` belongs to exactly one run: free or in use. Units beyond it were never used.
//  - Two free runs never touch, and no free run touches `top`: freeing joins them. So both neighbours of a free run are
//    in use.
//  - The first and the last unit of a free run know its length; the first of a run in use does.
//  - A free run of n units is in bin min(n, k_bins) - 1.
#pragma once

#include "runtime/base/status.hpp"

#include <cstddef>
#include <cstdint>

namespace xpar {

inline constexpr std::size_t k_unit_bytes = 65536;

enum class unit_kind : std::uint8_t {
    free,     // of a free run, or never used: all zeros
    page,     // small blocks of one size; a run of one unit
    run,      // the first unit of one large block
    run_rest, // its others
};

// Two on a cache line. Fields in the order the fast path touches them; the heap above owns those of a page.
struct unit_info {
    union {
        void* free_blocks;     // page: chain of blocks ready to be handed out
        std::size_t run_bytes; // run: the size that was asked for
    };
    std::uint32_t used;   // page: blocks handed out
    std::uint32_t carved; // page: bytes that were ever made into blocks
    unit_kind kind;
    std::uint8_t size_class; // page
    bool full;               // page: in no list, since nothing is free in it
    bool touched;            // the unit's memory was used before: it is neither zero nor a page fault away
    std::uint32_t length;    // units of the run, in its first unit; of a free run in its last one too
    std::uint32_t next;      // in a bin (free runs) or in a class's list (pages); unit number + 1, 0 is none
    std::uint32_t previous;  // likewise
};
static_assert(sizeof(unit_info) == 32);

class unit_space {
public:
    static constexpr unsigned k_bins = 32;

    // Reserves address space for `bytes`, rounded to units; no memory yet.
    static status reserve(std::size_t bytes, unit_space& out);

    unit_space() noexcept = default;
    ~unit_space();
    unit_space(const unit_space&) = delete;
    unit_space& operator=(const unit_space&) = delete;

    std::byte* base() const noexcept { return p_base; }
    std::size_t bytes() const noexcept { return m_bytes; }
    unit_info* table() const noexcept { return p_table; }
    std::uint32_t top() const noexcept { return m_top; }

    bool contains(const void* place) const noexcept {
        return reinterpret_cast<std::uintptr_t>(place) - reinterpret_cast<std::uintptr_t>(p_base) < m_bytes;
    }
    std::uint32_t unit_of(const void* place) const noexcept {
        return static_cast<std::uint32_t>(static_cast<std::size_t>(static_cast<const std::byte*>(place) - p_base) /
                                          k_unit_bytes);
    }
    unit_info& at(std::uint32_t unit) const noexcept { return p_table[unit]; }
    unit_info& info_of(const void* place) const noexcept { return p_table[unit_of(place)]; }
    std::byte* address_of(std::uint32_t unit) const noexcept { return p_base + std::size_t{unit} * k_unit_bytes; }

    static constexpr std::uint32_t k_none = UINT32_MAX;

    // A run of `count` units of `kind`; k_none when neither a free run nor the rest of the range is long enough, or the
    // system refuses memory. The memory holds anything; it is zero where no unit of the run is `touched`.
    std::uint32_t allocate(std::uint32_t count, unit_kind kind) noexcept;

    // `give_back`: the memory is the system's again before this returns; else it is kept for the next run.
    void free(std::uint32_t first, bool give_back) noexcept;

    // Makes a run in use longer or shorter where it is; false when what lies behind it is in use. Memory that is cut
    // off is the system's again.
    bool resize(std::uint32_t first, std::uint32_t count) noexcept;

    // The invariants above, checked over the whole table; for tests. Null, or what is wrong.
    const char* find_defect() const noexcept;

private:
    bool commit(std::uint32_t up_to) noexcept;
    std::uint32_t take_free_run(std::uint32_t count) noexcept;
    std::uint32_t take_from_top(std::uint32_t count) noexcept;
    void mark_in_use(std::uint32_t first, std::uint32_t count, unit_kind kind) noexcept;
    void add_free_run(std::uint32_t first, std::uint32_t count) noexcept;
    void remove_free_run(std::uint32_t first) noexcept;
    static unsigned bin_of(std::uint32_t count) noexcept { return (count < k_bins ? count : k_bins) - 1; }

    std::byte* p_base = nullptr;
    std::size_t m_bytes = 0;
    unit_info* p_table = nullptr;
    std::uint32_t m_units = 0;
    std::uint32_t m_top = 0;
    std::uint32_t m_committed = 0; // units the system lets us write to
    std::uint32_t m_bins[k_bins] = {};
};

} // namespace xpar
