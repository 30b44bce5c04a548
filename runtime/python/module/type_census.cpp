#include "runtime/python/module/type_census.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/python/glue/compat.hpp"

#include <algorithm>
#include <cstring>

namespace xpar {
namespace {

// In front of an object may stand the collector's links, and in front of these its dict and weak references.
constexpr std::size_t k_collector_header = 2 * sizeof(void*);
constexpr std::size_t k_two_words = 2 * sizeof(void*);

// more than any program holds, less than any address
constexpr std::uint64_t k_most_references = std::uint64_t{1} << 32;
constexpr std::uint64_t k_clock_every = 4096; // blocks
constexpr std::size_t k_longest_name = 100;
constexpr int k_most_classes_of_classes = 8; // above one type: what is none may lead round in a circle

std::size_t header_of(unsigned long flags) noexcept {
    return ((flags & Py_TPFLAGS_HAVE_GC) != 0 ? k_collector_header : 0) +
           ((flags & k_two_words_flags) != 0 ? k_two_words : 0);
}

} // namespace

bool type_census::visit(std::uint64_t, std::size_t bytes, const std::byte* first, std::size_t first_bytes) {
    type_facts* found = &m_no_object;
    for (std::size_t header = 0; header <= k_collector_header + k_two_words; header += k_collector_header) {
        std::uint64_t references = 0;
        std::uint64_t type = 0;
        if (header + sizeof references + sizeof type > first_bytes) {
            break;
        }
        std::memcpy(&references, first + header, sizeof references);
        std::memcpy(&type, first + header + sizeof references, sizeof type);
        references = references_in(references);
        if (references == 0 || references >= k_most_references || type % alignof(PyTypeObject) != 0) {
            continue;
        }
        type_facts& facts = facts_of(type);
        if (facts.is_type && facts.header == header) {
            found = &facts;
            break;
        }
    }
    ++found->blocks;
    found->bytes += bytes;
    return ++m_visited % k_clock_every != 0 || thread_processor_ns() < m_deadline_ns;
}

type_census::type_facts& type_census::facts_of(std::uint64_t type) {
    const auto known = m_types.find(type);
    return known != m_types.end() ? known->second : m_types.emplace(type, read_facts(type)).first->second;
}

// A type's type is a class of classes, and so is that one's, up to `type` itself, which has the same address in every
// process that was forked from this one. Flags alone prove nothing: any two words that are addresses may look like
// them.
bool type_census::read_type(std::uint64_t address, PyTypeObject& into) {
    const auto read = [this](std::uint64_t from, PyTypeObject& to) {
        return from != 0 && m_reader.read(from, static_cast<void*>(&to), sizeof to);
    };
    const auto type_of = [](PyTypeObject& object) { return reinterpret_cast<std::uint64_t>(Py_TYPE(&object)); };
    if (!read(address, into)) {
        return false;
    }
    PyTypeObject meta{};
    std::uint64_t above = type_of(into);
    for (int left = k_most_classes_of_classes; above != reinterpret_cast<std::uint64_t>(&PyType_Type); --left) {
        if (left == 0 || !read(above, meta) || (meta.tp_flags & Py_TPFLAGS_TYPE_SUBCLASS) == 0) {
            return false;
        }
        above = type_of(meta);
    }
    return true;
}

type_census::type_facts type_census::read_facts(std::uint64_t type) {
    type_facts facts;
    PyTypeObject read{};
    if (!read_type(type, read)) {
        return facts;
    }
    char name[k_longest_name + 1] = {};
    const auto name_at = reinterpret_cast<std::uint64_t>(read.tp_name);
    // The name may end just before memory that cannot be read: then it is read in smaller pieces.
    for (std::size_t at = 0, step = k_longest_name; at < k_longest_name && std::memchr(name, 0, at) == nullptr;) {
        if (m_reader.read(name_at + at, name + at, std::min(step, k_longest_name - at))) {
            at += step;
        } else if (step > 1) {
            step = 1;
        } else {
            return facts;
        }
    }
    facts.name = name;
    facts.header = header_of(read.tp_flags);
    facts.is_type = !facts.name.empty();
    return facts;
}

std::vector<type_tally> type_census::tallies() const {
    std::vector<type_tally> sorted;
    const auto add = [&sorted](const type_facts& facts) {
        if (facts.blocks != 0) {
            sorted.push_back({facts.name, facts.blocks, facts.bytes});
        }
    };
    add(m_no_object);
    for (const auto& [address, facts] : m_types) {
        add(facts);
    }
    std::sort(sorted.begin(), sorted.end(), [](const type_tally& a, const type_tally& b) { return a.bytes > b.bytes; });
    return sorted;
}

census take_census(memory_reader& reader, const heap_counters_shm& heap, std::uint64_t patience_ns) {
    type_census counting(reader, thread_processor_ns() + patience_ns);
    // acquire pairs with context_heap::create: a table's address other than 0 comes with the rest.
    const std::uint64_t table = heap.table.load(std::memory_order_acquire);
    const bool complete =
        table == 0 || walk_heap(reader, heap.base.load(std::memory_order_relaxed), table,
                                static_cast<std::uint32_t>(heap.range_units.load(std::memory_order_relaxed)), counting);
    return {counting.tallies(), complete};
}

} // namespace xpar
