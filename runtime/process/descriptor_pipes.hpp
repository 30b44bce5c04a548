// What is written to descriptors 1 and 2 in contexts, past every stream of Python: by C code, by programs that works
// start, and by a process that is about to die. Each context gets a pipe for either; the zygote reads them all.
// In a context that gets no pipe (no descriptors are left) the two stay what they were in the main process.
#pragma once

#include "runtime/process/process_group.hpp"

#include <poll.h>

#include <array>
#include <cstdint>
#include <vector>

namespace xpar {

class descriptor_pipes {
public:
    descriptor_pipes(process_group_shm& group, program& reader) : m_group(group), m_reader(reader) {}

    // Before the first of so many slots is used; never fewer than before.
    void make_room(std::uint32_t slots) { m_pipes.resize(slots); }

    // Before a context is forked for this slot. Its pipes serve all processes the slot will have.
    void open(std::uint32_t slot) noexcept;

    // In the context: descriptors 1 and 2 are the pipes, and those of other contexts are closed.
    void redirect_child(std::uint32_t slot) noexcept;

    // What the zygote sleeps on, besides its own. Changes with open() alone.
    void append_to(std::vector<pollfd>& polled) const;

    // Of those, which begin at `first`: reads what is there and passes it on.
    void read_ready(const std::vector<pollfd>& polled, std::size_t first) noexcept;

    // The process in this slot is gone: all it has left.
    void read_rest(std::uint32_t slot) noexcept;

private:
    struct channel {
        int read_end = -1;
        int write_end = -1;
    };
    using channels = std::array<channel, 2>; // of descriptors 1 and 2

    bool read_some(std::uint32_t slot, std::size_t number) noexcept;

    process_group_shm& m_group;
    program& m_reader;
    std::vector<channels> m_pipes;    // by slot
    std::array<char, 65536> m_buffer; // not cleared: that would copy 16 pages for every batch
};

// In a context: returns when the zygote has read and reported what this process has written so far, so that it comes
// before what is reported next. Bounded: a zygote that is stopped is not waited for.
void await_descriptors_read_child() noexcept;

} // namespace xpar
