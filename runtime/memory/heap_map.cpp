#include "runtime/memory/heap_map.hpp"

#include "runtime/memory/size_classes.hpp"

#include <algorithm>

namespace xpar {
namespace {

class shares final : public block_visitor {
public:
    bool visit(std::uint64_t, std::size_t, const std::byte*, std::size_t) override { return true; }

    bool enter(std::uint32_t unit, const unit_info& run) override {
        const std::size_t length = std::max<std::uint32_t>(run.length, 1);
        m_units.resize(std::max<std::size_t>(m_units.size(), m_before + unit + length));
        std::fill_n(m_units.begin() + static_cast<std::ptrdiff_t>(m_before + unit), length, share(run, length));
        return true;
    }

    void next_heap() { m_before = m_units.size(); }
    const std::vector<float>& units() const noexcept { return m_units; }

private:
    // Entries change while they are read: what they say together may be too much.
    static float share(const unit_info& run, std::size_t length) noexcept {
        std::size_t bytes = 0;
        if (run.kind == unit_kind::page && run.size_class < k_size_classes) {
            bytes = std::size_t{run.used} * class_bytes(run.size_class);
        } else if (run.kind == unit_kind::run) {
            bytes = run.run_bytes;
        }
        return std::min(1.0F, static_cast<float>(bytes) / static_cast<float>(length * k_unit_bytes));
    }

    std::vector<float> m_units;
    std::size_t m_before = 0; // units of the heaps that are through
};

} // namespace

std::vector<float> map_heaps(memory_reader& reader, std::initializer_list<const heap_counters_shm*> heaps,
                             std::size_t most) {
    shares found;
    for (const heap_counters_shm* const heap : heaps) {
        // acquire pairs with context_heap::create: a table's address other than 0 comes with the rest.
        const std::uint64_t table = heap->table.load(std::memory_order_acquire);
        const auto units = static_cast<std::uint32_t>(heap->range_units.load(std::memory_order_relaxed));
        if (table != 0 && !walk_runs(reader, table, units, found)) {
            return {};
        }
        found.next_heap();
    }
    const std::vector<float>& units = found.units();
    const std::size_t count = std::min(units.size(), most);
    std::vector<float> cells(count);
    for (std::size_t cell = 0; cell < count; ++cell) {
        const std::size_t begin = cell * units.size() / count;
        const std::size_t end = (cell + 1) * units.size() / count;
        float sum = 0;
        for (std::size_t unit = begin; unit < end; ++unit) {
            sum += units[unit];
        }
        cells[cell] = sum / static_cast<float>(end - begin);
    }
    return cells;
}

} // namespace xpar
