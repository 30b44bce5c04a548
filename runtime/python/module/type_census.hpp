// Which Python types the live blocks of a context's heap are of: of this process, or of a running context from outside,
// which need not cooperate. What an object's header says is checked against the type it names, so that raw memory is
// not taken for objects; what is none is counted as such. Needs no GIL: it reads memory and asks Python nothing.
#pragma once

#include "runtime/memory/heap_counters.hpp"
#include "runtime/memory/heap_walk.hpp"

#include <Python.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <unordered_map>
#include <vector>

namespace xpar {

struct type_tally {
    std::string name; // tp_name; empty for blocks that are no objects (tables of dicts, items of lists, buffers)
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;
};

struct census {
    std::vector<type_tally> types; // most bytes first
    bool complete = false;         // false: the time was over, or the memory could not be read to its end
};

class type_census final : public block_visitor {
public:
    type_census(memory_reader& reader, std::uint64_t deadline_ns) : m_reader(reader), m_deadline_ns(deadline_ns) {}

    bool visit(std::uint64_t address, std::size_t bytes, const std::byte* first, std::size_t first_bytes) override;

    // What has been counted so far.
    std::vector<type_tally> tallies() const;

private:
    struct type_facts {
        std::string name;
        std::size_t header = 0; // bytes an instance has in front of its PyObject
        bool is_type = false;
        std::uint64_t blocks = 0;
        std::uint64_t bytes = 0;
    };

    type_facts& facts_of(std::uint64_t type);
    type_facts read_facts(std::uint64_t type);
    bool read_type(std::uint64_t address, PyTypeObject& into);

    memory_reader& m_reader;
    std::uint64_t m_deadline_ns; // of thread_processor_ns: a machine that is busy makes none less complete
    std::uint64_t m_visited = 0;
    // Most heaps have objects of few types. Nodes scattered over blocks that were free would cost a page each, in a
    // context that is about to end.
    std::array<std::byte, 8192> m_first_nodes;
    std::pmr::monotonic_buffer_resource m_nodes{m_first_nodes.data(), m_first_nodes.size()};
    // by address; what is no type is remembered too
    std::pmr::unordered_map<std::uint64_t, type_facts> m_types{&m_nodes};
    type_facts m_no_object;
};

// `heap` may be of any process that `reader` reads.
census take_census(memory_reader& reader, const heap_counters_shm& heap, std::uint64_t patience_ns);

} // namespace xpar
