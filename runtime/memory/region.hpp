// The one piece of memory all processes share: reserved before any fork, at the same address in each of them, nameless.
// It hands out runs of 64 KiB chunks, each labelled with the heap it belongs to, and takes a heap back in one sweep.
// Not for small blocks (shared_heap.hpp). Any process and thread may call anything but create and the destructor, at
// any time: there is no lock, and a process killed at any instruction leaves nothing but chunks labelled with a heap.
// See README.md for the invariants and the numbers.
#pragma once

#include "runtime/base/status.hpp"
#include "runtime/memory/heap_id.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace xpar {

// A place in the region, the same in every process; 0 is null.
using region_offset = std::uint64_t;

inline constexpr std::size_t k_chunk_bytes = 65536;

struct region_usage {
    std::size_t reserved_bytes;  // address space; memory is used by the pages that were written only
    std::size_t allocated_bytes; // in chunks that have an owner, the region's own table included
    std::size_t chunks;          // those
};

// The physical memory, or the control groups' limit if that is lower, in whole chunks.
std::size_t default_region_bytes();

class region {
public:
    // Reserves address space, no memory. What the system refuses is tried again at half the size, down to
    // k_minimum_bytes.
    static status create(std::size_t bytes, std::unique_ptr<region>& out);
    static constexpr std::size_t k_minimum_bytes = 16 * k_chunk_bytes;

    ~region(); // unmaps it in this process
    region(const region&) = delete;
    region& operator=(const region&) = delete;

    void* at(region_offset offset) const noexcept { return p_base + offset; }
    template <class T>
    T* as(region_offset offset) const noexcept {
        return reinterpret_cast<T*>(p_base + offset);
    }
    region_offset offset_of(const void* place) const noexcept {
        return static_cast<region_offset>(static_cast<const std::byte*>(place) - p_base);
    }
    bool contains(const void* place) const noexcept {
        return reinterpret_cast<std::uintptr_t>(place) - reinterpret_cast<std::uintptr_t>(p_base) < m_bytes;
    }

    // A run of whole chunks, all bytes zero; 0 when there is no run that long (at a moment during the call).
    region_offset allocate(std::size_t bytes, heap_id owner) noexcept;

    // What one allocate() returned, with the same size. The memory is the system's again before this returns.
    void free(region_offset offset, std::size_t bytes) noexcept;

    // Frees every chunk of a heap; returns the bytes. Nobody may use, fill or grow the heap any more.
    std::size_t release(heap_id owner) noexcept;

    // Each looks through the owner table once, as release does: about 0.1 ms for 24 GiB in use.
    region_usage usage() const noexcept;
    std::size_t allocated_by(heap_id owner) const noexcept;

private:
    struct table_shm;

    region(std::byte* base, std::size_t bytes) noexcept;

    std::size_t find_run(std::size_t from, std::size_t count) const noexcept;
    std::size_t claim(std::size_t first, std::size_t count, heap_id owner) noexcept;
    void give_back(std::size_t first, std::size_t count) noexcept;

    std::byte* p_base;
    std::size_t m_bytes;
    std::size_t m_chunks;
    table_shm* p_table;
    std::atomic<heap_id>* p_owners; // in the region, right behind the table's header; one entry a chunk
};

} // namespace xpar
