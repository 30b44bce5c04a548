// Visits the live blocks of a context's heap: of this process, or of another one whose memory can be read, while it
// runs. A heap that changes while it is walked gives an answer that was true for each page at some moment; nothing the
// other process does can make the walk read outside its own buffers or go on for ever.
#pragma once

#include "runtime/memory/unit_space.hpp"

#include <cstddef>
#include <cstdint>

namespace xpar {

// Reads another address space. Called with places inside the heap's range and its table.
class memory_reader {
public:
    memory_reader() = default;
    memory_reader(const memory_reader&) = delete;
    memory_reader& operator=(const memory_reader&) = delete;
    virtual ~memory_reader() = default;

    // All or nothing.
    virtual bool read(std::uint64_t address, void* into, std::size_t bytes) noexcept = 0;
};

class local_reader final : public memory_reader {
public:
    bool read(std::uint64_t address, void* into, std::size_t bytes) noexcept override;
};

class process_reader final : public memory_reader {
public:
    explicit process_reader(int pid) noexcept : m_pid(pid) {}
    bool read(std::uint64_t address, void* into, std::size_t bytes) noexcept override;

private:
    int m_pid;
};

class block_visitor {
public:
    block_visitor() = default;
    block_visitor(const block_visitor&) = delete;
    block_visitor& operator=(const block_visitor&) = delete;
    virtual ~block_visitor() = default;

    // A live block: its address, its size, and its first bytes (64 or as many as it has). False ends the walk.
    virtual bool visit(std::uint64_t address, std::size_t bytes, const std::byte* first, std::size_t first_bytes) = 0;

    // Called for each run of units (also free ones), before its blocks. False ends the walk.
    virtual bool enter(std::uint32_t /*unit*/, const unit_info& /*run*/) { return true; }
};

// `base` and `table` are addresses in the space that `reader` reads, `units` the length of the range.
// False when the heap could not be read or the walk was ended.
bool walk_heap(memory_reader& reader, std::uint64_t base, std::uint64_t table, std::uint32_t units,
               block_visitor& visitor);

// As walk_heap, but of the runs alone: `enter` is called, no block is looked at.
bool walk_runs(memory_reader& reader, std::uint64_t table, std::uint32_t units, block_visitor& visitor);

} // namespace xpar
