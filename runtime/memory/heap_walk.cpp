#include "runtime/memory/heap_walk.hpp"

#include "runtime/memory/size_classes.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace xpar {
namespace {

constexpr std::size_t k_first_bytes = 64;
constexpr std::uint32_t k_table_step = 512; // entries read at a time

class walk {
public:
    walk(memory_reader& reader, std::uint64_t base, block_visitor& visitor)
        : m_reader(reader), m_base(base), m_visitor(visitor),
          m_page(std::make_unique_for_overwrite<std::byte[]>(k_unit_bytes)) {} // cleared it would cost 16 pages

    bool page(std::uint32_t unit, const unit_info& info) {
        if (info.size_class >= k_size_classes) {
            return true; // half written
        }
        const std::uint64_t address = m_base + std::uint64_t{unit} * k_unit_bytes;
        const std::size_t size = class_bytes(info.size_class);
        const std::size_t blocks = std::min<std::size_t>(info.carved, k_unit_bytes) / size;
        if (!m_reader.read(address, m_page.get(), blocks * size)) {
            return false;
        }
        mark_free(address, size, blocks, reinterpret_cast<std::uint64_t>(info.free_blocks));
        for (std::size_t i = 0; i < blocks; ++i) {
            if (!m_is_free[i] &&
                !m_visitor.visit(address + i * size, size, m_page.get() + i * size, std::min(size, k_first_bytes))) {
                return false;
            }
        }
        return true;
    }

    bool run(std::uint32_t unit, const unit_info& info) {
        const std::uint64_t address = m_base + std::uint64_t{unit} * k_unit_bytes;
        const std::size_t first_bytes = std::min(info.run_bytes, k_first_bytes);
        return m_reader.read(address, m_page.get(), first_bytes) &&
               m_visitor.visit(address, info.run_bytes, m_page.get(), first_bytes);
    }

private:
    // Follows the chain as the page held it when it was read; it ends where it leaves the page or comes back on itself.
    void mark_free(std::uint64_t page, std::size_t size, std::size_t blocks, std::uint64_t chain) {
        m_is_free.assign(blocks, false);
        while (chain >= page && (chain - page) / size < blocks && (chain - page) % size == 0) {
            const std::size_t index = (chain - page) / size;
            if (m_is_free[index]) {
                return;
            }
            m_is_free[index] = true;
            std::memcpy(&chain, m_page.get() + index * size, sizeof chain);
        }
    }

    memory_reader& m_reader;
    std::uint64_t m_base;
    block_visitor& m_visitor;
    std::unique_ptr<std::byte[]> m_page;
    std::vector<bool> m_is_free;
};

// Calls `visit(unit, info)` for each run that was ever used until it says false. False then, or when the table cannot
// be read.
template <class Visit>
bool each_run(memory_reader& reader, std::uint64_t table, std::uint32_t units, Visit visit) {
    std::vector<unit_info> entries(k_table_step);
    std::uint32_t read_from = 0;
    std::uint32_t read_to = 0;
    for (std::uint32_t unit = 0; unit < units;) {
        if (unit >= read_to) {
            read_from = unit;
            read_to = std::min(units, unit + k_table_step);
            if (!reader.read(table + std::uint64_t{unit} * sizeof(unit_info), entries.data(),
                             (read_to - read_from) * sizeof(unit_info))) {
                return false;
            }
        }
        const unit_info info = entries[unit - read_from];
        if (info.kind == unit_kind::free && info.length == 0) {
            return true; // never used, and so is everything behind it
        }
        if (!visit(unit, info)) {
            return false;
        }
        unit += std::clamp<std::uint32_t>(info.length, 1, units - unit);
    }
    return true;
}

} // namespace

bool local_reader::read(std::uint64_t address, void* into, std::size_t bytes) noexcept {
    std::memcpy(into, reinterpret_cast<const void*>(address), bytes);
    return true;
}

bool process_reader::read(std::uint64_t address, void* into, std::size_t bytes) noexcept {
    if (bytes == 0) {
        return true;
    }
    const iovec here{into, bytes};
    const iovec there{reinterpret_cast<void*>(address), bytes};
    return process_vm_readv(m_pid, &here, 1, &there, 1, 0) == static_cast<ssize_t>(bytes);
}

bool walk_heap(memory_reader& reader, std::uint64_t base, std::uint64_t table, std::uint32_t units,
               block_visitor& visitor) {
    walk walking(reader, base, visitor);
    return each_run(reader, table, units, [&](std::uint32_t unit, const unit_info& info) {
        return visitor.enter(unit, info) && (info.kind != unit_kind::page || walking.page(unit, info)) &&
               (info.kind != unit_kind::run || walking.run(unit, info));
    });
}

bool walk_runs(memory_reader& reader, std::uint64_t table, std::uint32_t units, block_visitor& visitor) {
    return each_run(reader, table, units,
                    [&](std::uint32_t unit, const unit_info& info) { return visitor.enter(unit, info); });
}

} // namespace xpar
