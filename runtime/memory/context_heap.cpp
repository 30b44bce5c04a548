#include "runtime/memory/context_heap.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace xpar {
namespace {

// Blocks are made of a page this many bytes at a time, so that a page is touched as it is used.
constexpr std::uint32_t k_carve_bytes = 4096;

// Large blocks of this size go back to the system when they are freed; smaller ones are kept for the next.
constexpr std::size_t k_give_back_bytes = std::size_t{1} << 20;

// Once the limit has been reached, small blocks may take this much more: an exception has to be made, shown and
// handled.
constexpr std::uint64_t k_reserve_units = 16;

std::uint64_t units_for(std::size_t bytes) noexcept {
    return bytes / k_unit_bytes + (bytes % k_unit_bytes != 0 ? 1 : 0);
}

} // namespace

context_heap::context_heap(heap_budget_shm& budget, heap_counters_shm& counters) noexcept
    : p_counters(&counters), p_budget(&budget) {
    std::fill(std::begin(m_current), std::end(m_current), &m_no_page);
}

status context_heap::create(heap_budget_shm& budget, heap_counters_shm& counters, std::unique_ptr<context_heap>& out) {
    std::unique_ptr<context_heap> made(new context_heap(budget, counters));
    const std::uint64_t limit = budget.limit.load(std::memory_order_relaxed);
    if (status reserved = unit_space::reserve(2 * (limit + k_reserve_units) * k_unit_bytes, made->m_space); !reserved) {
        return reserved;
    }
    counters.base.store(reinterpret_cast<std::uintptr_t>(made->m_space.base()), std::memory_order_relaxed);
    counters.range_units.store(made->m_space.bytes() / k_unit_bytes, std::memory_order_relaxed);
    // release: who reads a table's address other than 0 finds the rest set.
    counters.table.store(reinterpret_cast<std::uintptr_t>(made->m_space.table()), std::memory_order_release);
    out = std::move(made);
    return status::ok();
}

void context_heap::detach_counters_child() noexcept {
    if (p_counters == &m_own_counters) {
        return;
    }
    std::memcpy(static_cast<void*>(&m_own_counters), static_cast<const void*>(p_counters), sizeof m_own_counters);
    std::memcpy(static_cast<void*>(&m_own_budget), static_cast<const void*>(p_budget), sizeof m_own_budget);
    p_counters = &m_own_counters;
    p_budget = &m_own_budget;
}

// ---- the limit ------------------------------------------------------------------------------------------------------

bool context_heap::try_take(std::uint64_t units, bool small) noexcept {
    const std::uint64_t limit = p_budget->limit.load(std::memory_order_relaxed);
    // Taken first and given back if it was too much, so that two threads cannot both take the last unit.
    const std::uint64_t used = p_budget->units.fetch_add(units, std::memory_order_relaxed) + units;
    if (used > limit && !(small && m_refused && used <= limit + k_reserve_units)) {
        p_budget->units.fetch_sub(units, std::memory_order_relaxed);
        p_budget->refusals.fetch_add(1, std::memory_order_relaxed);
        m_refused = true;
        return false;
    }
    if (used + k_reserve_units <= limit) {
        m_refused = false;
    }
    if (used > p_budget->peak.load(std::memory_order_relaxed)) {
        p_budget->peak.store(used, std::memory_order_relaxed);
    }
    add_relaxed(p_counters->units, units);
    return true;
}

void context_heap::gave_back(std::uint64_t units) noexcept {
    p_budget->units.fetch_sub(units, std::memory_order_relaxed);
    add_relaxed(p_counters->units, std::uint64_t{0} - units);
}

// ---- small blocks ---------------------------------------------------------------------------------------------------

void* context_heap::allocate_slow(std::size_t bytes) noexcept {
    return bytes == 0 ? allocate(1) : allocate_run(bytes);
}

void* context_heap::allocate_small_slow(unsigned size_class) noexcept {
    unit_info* page = m_current[size_class];
    if (page == &m_no_page || !carve(*page)) {
        if (page != &m_no_page) {
            page->full = true;
            m_current[size_class] = &m_no_page;
        }
        if (const std::uint32_t link = m_available[size_class]; link != 0) {
            page = &m_space.at(link - 1);
            m_available[size_class] = page->next;
            if (page->next != 0) {
                m_space.at(page->next - 1).previous = 0;
            }
        } else {
            page = fresh_page(size_class);
        }
        if (page == nullptr) {
            return nullptr;
        }
        m_current[size_class] = page;
        if (page->free_blocks == nullptr && !carve(*page)) {
            return nullptr; // cannot happen: an available page has a free block, a fresh one has room for one
        }
    }
    return allocate(class_bytes(size_class));
}

// More blocks for the chain, in the order of their addresses. False when the whole page has been made into blocks.
bool context_heap::carve(unit_info& page) noexcept {
    const auto size = static_cast<std::uint32_t>(class_bytes(page.size_class));
    const std::uint32_t fits = static_cast<std::uint32_t>(k_unit_bytes) / size - page.carved / size;
    const std::uint32_t count = std::min(fits, std::max(k_carve_bytes / size, 1U));
    if (count == 0) {
        return false;
    }
    std::byte* const start = m_space.address_of(unit_of(page)) + page.carved;
    std::byte* block = start;
    for (std::uint32_t i = 1; i < count; ++i, block += size) {
        *reinterpret_cast<void**>(block) = block + size;
    }
    *reinterpret_cast<void**>(block) = page.free_blocks;
    page.free_blocks = start;
    page.carved += count * size;
    return true;
}

unit_info* context_heap::fresh_page(unsigned size_class) noexcept {
    if (!try_take(1, true)) {
        return nullptr;
    }
    const std::uint32_t unit = m_space.allocate(1, unit_kind::page);
    if (unit == unit_space::k_none) {
        gave_back(1);
        return nullptr;
    }
    unit_info& page = m_space.at(unit);
    // The second page of a class is the sign that it grows: its memory is asked for at once, 1.6 µs a page instead
    // of 2.1.
    if (!page.touched && p_counters->classes[size_class].allocations.load(std::memory_order_relaxed) != 0) {
        madvise(m_space.address_of(unit), k_unit_bytes, MADV_POPULATE_WRITE); // without it, by faults
    }
    page.free_blocks = nullptr;
    page.used = 0;
    page.carved = 0;
    page.size_class = static_cast<std::uint8_t>(size_class);
    page.full = false;
    page.next = 0;
    page.previous = 0;
    return &page;
}

// A block of a full page, or the last block of a page, was freed.
void context_heap::page_changed(unit_info& page) noexcept {
    const unsigned size_class = page.size_class;
    const std::uint32_t unit = unit_of(page);
    if (&page == m_current[size_class]) {
        return; // kept, also when it is empty: the next allocation of its class would ask for one again
    }
    if (page.full) {
        page.full = false;
        page.next = m_available[size_class];
        page.previous = 0;
        if (page.next != 0) {
            m_space.at(page.next - 1).previous = unit + 1;
        }
        m_available[size_class] = unit + 1;
    }
    if (page.used == 0) {
        if (page.previous != 0) {
            m_space.at(page.previous - 1).next = page.next;
        } else {
            m_available[size_class] = page.next;
        }
        if (page.next != 0) {
            m_space.at(page.next - 1).previous = page.previous;
        }
        m_space.free(unit, false);
        gave_back(1);
    }
}

// ---- large blocks ---------------------------------------------------------------------------------------------------

void* context_heap::allocate_run(std::size_t bytes) noexcept {
    const std::uint64_t units = units_for(bytes);
    if (units > UINT32_MAX / 2 || !try_take(units, false)) {
        return nullptr;
    }
    const std::uint32_t first = m_space.allocate(static_cast<std::uint32_t>(units), unit_kind::run);
    if (first == unit_space::k_none) {
        gave_back(units);
        return nullptr;
    }
    m_space.at(first).run_bytes = bytes;
    add_relaxed(p_counters->runs.allocations, 1);
    add_relaxed(p_counters->run_bytes, bytes);
    return m_space.address_of(first);
}

void context_heap::free_run(void* place) noexcept {
    const std::uint32_t first = m_space.unit_of(place);
    const std::size_t bytes = m_space.at(first).run_bytes;
    add_relaxed(p_counters->runs.frees, 1);
    add_relaxed(p_counters->run_bytes, std::uint64_t{0} - bytes);
    gave_back(m_space.at(first).length);
    m_space.free(first, bytes >= k_give_back_bytes);
}

bool context_heap::resize_run(void* place, std::size_t bytes) noexcept {
    const std::uint32_t first = m_space.unit_of(place);
    const std::uint64_t before = m_space.at(first).length;
    const std::uint64_t units = units_for(bytes);
    if (units > UINT32_MAX / 2 || (units > before && !try_take(units - before, false))) {
        return false;
    }
    if (!m_space.resize(first, static_cast<std::uint32_t>(units))) {
        gave_back(units - before);
        return false;
    }
    if (units < before) {
        gave_back(before - units);
    }
    // wraps around when it becomes shorter: so does the sum
    add_relaxed(p_counters->run_bytes, bytes - m_space.at(first).run_bytes);
    m_space.at(first).run_bytes = bytes;
    return true;
}

// Into a longer run elsewhere, page tables and not bytes where the block is large: a copy would fault in every page it
// writes.
void* context_heap::move_run(void* place, std::size_t bytes) noexcept {
    void* const moved = allocate_run(bytes);
    if (moved == nullptr) {
        return nullptr;
    }
    const unit_info& from = m_space.info_of(place);
    const std::size_t held = std::min(from.run_bytes, bytes);
    const std::size_t mapped = std::min<std::size_t>(from.length, m_space.info_of(moved).length) * k_unit_bytes;
    constexpr int k_flags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    if (held < k_give_back_bytes || mremap(place, mapped, mapped, k_flags, moved) == MAP_FAILED) {
        std::memcpy(moved, place, held); // small, or a system before Linux 5.7
    }
    free_run(place);
    return moved;
}

// ---- both -----------------------------------------------------------------------------------------------------------

void* context_heap::allocate_zeroed(std::size_t bytes) noexcept {
    void* const place = allocate(bytes);
    if (place == nullptr) {
        return nullptr;
    }
    const unit_info& first = m_space.info_of(place);
    if (first.kind == unit_kind::page) {
        std::memset(place, 0, bytes);
        return place;
    }
    const std::uint32_t unit = m_space.unit_of(place);
    for (std::uint32_t i = 0; i < first.length; ++i) {
        if (m_space.at(unit + i).touched) {
            const std::size_t offset = std::size_t{i} * k_unit_bytes;
            std::memset(static_cast<std::byte*>(place) + offset, 0, std::min(k_unit_bytes, bytes - offset));
        }
    }
    return place;
}

std::size_t context_heap::usable_bytes(const void* place) const noexcept {
    const unit_info& first = m_space.info_of(place);
    return first.kind == unit_kind::page ? class_bytes(first.size_class) : std::size_t{first.length} * k_unit_bytes;
}

void* context_heap::reallocate(void* place, std::size_t bytes) noexcept {
    const unit_info& first = m_space.info_of(place);
    const bool was_small = first.kind == unit_kind::page;
    const std::size_t before = was_small ? class_bytes(first.size_class) : first.run_bytes;
    if (was_small) {
        // A block that shrinks moves only when that saves a quarter of it.
        if (bytes <= before && bytes > before / 4 * 3) {
            return place;
        }
    } else if (bytes > k_largest_small) {
        return resize_run(place, bytes) ? place : move_run(place, bytes);
    }
    void* const moved = allocate(bytes);
    if (moved == nullptr) {
        return bytes <= before ? place : nullptr; // making a block smaller never fails
    }
    std::memcpy(moved, place, std::min(before, std::max<std::size_t>(bytes, 1)));
    free(place);
    return moved;
}

const char* context_heap::find_defect() const noexcept {
    if (const char* const defect = m_space.find_defect()) {
        return defect;
    }
    std::uint64_t used[k_size_classes] = {};
    std::uint64_t run_bytes = 0;
    std::uint64_t runs = 0;
    std::uint64_t units = 0;
    std::uint32_t listed = 0;
    for (std::uint32_t unit = 0; unit < m_space.top(); unit += m_space.at(unit).length) {
        const unit_info& first = m_space.at(unit);
        if (first.kind == unit_kind::run) {
            ++runs;
            units += first.length;
            run_bytes += first.run_bytes;
        } else if (first.kind == unit_kind::page) {
            ++units;
            const std::size_t size = class_bytes(first.size_class);
            std::uint64_t chain = 0;
            for (const void* block = first.free_blocks; block != nullptr; block = *static_cast<void* const*>(block)) {
                const auto offset = static_cast<const std::byte*>(block) - m_space.address_of(unit);
                if (!owns(block) || m_space.unit_of(block) != unit || static_cast<std::size_t>(offset) % size != 0 ||
                    static_cast<std::size_t>(offset) >= first.carved || ++chain > first.carved / size) {
                    return "a page's chain holds what is no free block of it";
                }
            }
            if (first.carved / size != first.used + chain) {
                return "a page's blocks are neither used nor in its chain";
            }
            if (first.full && chain != 0) {
                return "a full page has a free block";
            }
            used[first.size_class] += first.used;
            listed += first.full || &first == m_current[first.size_class] ? 0 : 1;
        }
    }
    for (unsigned size_class = 0; size_class < k_size_classes; ++size_class) {
        for (std::uint32_t link = m_available[size_class]; link != 0; link = m_space.at(link - 1).next) {
            const unit_info& page = m_space.at(link - 1);
            if (page.kind != unit_kind::page || page.size_class != size_class || page.full || listed == 0) {
                return "a class's list holds what is no available page of it";
            }
            --listed;
        }
        const heap_counters_shm::pair& counted = p_counters->classes[size_class];
        if (counted.allocations.load(std::memory_order_relaxed) - counted.frees.load(std::memory_order_relaxed) !=
            used[size_class]) {
            return "a class's counters and its pages disagree";
        }
    }
    if (listed != 0) {
        return "an available page is in no list";
    }
    const heap_counters_shm& counted = *p_counters;
    if (counted.runs.allocations.load() - counted.runs.frees.load() != runs || counted.run_bytes.load() != run_bytes ||
        counted.units.load() != units) {
        return "the counters and the runs disagree";
    }
    return nullptr;
}

} // namespace xpar
