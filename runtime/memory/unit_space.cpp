#include "runtime/memory/unit_space.hpp"

#include "runtime/base/check.hpp"

#include <sys/mman.h>

#include <algorithm>

namespace xpar {
namespace {

// Address space becomes writable in steps: a mapping that is writable counts as used where the system does not
// overcommit.
constexpr std::uint32_t k_commit_units = 64;
// Beyond this much, memory comes in huge pages: a fault costs a fifth a byte then (see README.md). Small heaps, of
// which there are many, would only pay for zeroing 2 MiB.
constexpr std::uint32_t k_huge_from_unit = 64;

std::byte* map(std::size_t bytes, int protection) noexcept {
    void* const place = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return place == MAP_FAILED ? nullptr : static_cast<std::byte*>(place);
}

} // namespace

status unit_space::reserve(std::size_t bytes, unit_space& out) {
    XPAR_CHECK(out.p_base == nullptr, "a unit_space is reserved once");
    const std::size_t units = std::clamp<std::size_t>((bytes + k_unit_bytes - 1) / k_unit_bytes, 1, UINT32_MAX / 2);
    std::byte* const base = map(units * k_unit_bytes, PROT_NONE);
    if (base == nullptr) {
        return status::from_errno("mmap of a context's heap");
    }
    std::byte* const table = map(units * sizeof(unit_info), PROT_READ | PROT_WRITE);
    if (table == nullptr) {
        const status failed = status::from_errno("mmap of a context heap's table");
        munmap(base, units * k_unit_bytes);
        return failed;
    }
    out.p_base = base;
    out.m_bytes = units * k_unit_bytes;
    out.p_table = reinterpret_cast<unit_info*>(table);
    out.m_units = static_cast<std::uint32_t>(units);
    return status::ok();
}

unit_space::~unit_space() {
    if (p_base != nullptr) {
        munmap(p_base, m_bytes);
        munmap(p_table, std::size_t{m_units} * sizeof(unit_info));
    }
}

std::uint32_t unit_space::allocate(std::uint32_t count, unit_kind kind) noexcept {
    std::uint32_t first = take_free_run(count);
    if (first == k_none) {
        first = take_from_top(count);
    }
    if (first != k_none) {
        mark_in_use(first, count, kind);
    }
    return first;
}

void unit_space::free(std::uint32_t first, bool give_back) noexcept {
    std::uint32_t count = p_table[first].length;
    XPAR_ASSERT(p_table[first].kind == unit_kind::page || p_table[first].kind == unit_kind::run,
                "not the start of a run");
    const bool is_zero = give_back && madvise(address_of(first), std::size_t{count} * k_unit_bytes, MADV_DONTNEED) == 0;
    for (std::uint32_t unit = first; unit < first + count; ++unit) {
        p_table[unit].kind = unit_kind::free;
        p_table[unit].touched = !is_zero;
    }
    if (first > 0 && p_table[first - 1].kind == unit_kind::free) {
        const std::uint32_t before = p_table[first - 1].length;
        remove_free_run(first - before);
        first -= before;
        count += before;
    }
    const std::uint32_t behind = first + count;
    if (behind < m_top && p_table[behind].kind == unit_kind::free) {
        const std::uint32_t after = p_table[behind].length;
        remove_free_run(behind);
        count += after;
    }
    if (first + count == m_top) {
        m_top = first;
    } else {
        add_free_run(first, count);
    }
}

bool unit_space::resize(std::uint32_t first, std::uint32_t count) noexcept {
    const std::uint32_t now = p_table[first].length;
    if (count < now) {
        // The end becomes a run of its own, and is freed as one.
        const std::uint32_t rest = first + count;
        mark_in_use(rest, now - count, unit_kind::run);
        p_table[first].length = count;
        free(rest, true);
        return true;
    }
    const std::uint32_t behind = first + now;
    const std::uint32_t wanted = count - now;
    if (wanted == 0) {
        return true;
    }
    if (behind == m_top) {
        if (wanted > m_units - m_top || !commit(m_top + wanted)) {
            return false;
        }
        m_top += wanted;
    } else if (p_table[behind].kind == unit_kind::free && p_table[behind].length >= wanted) {
        const std::uint32_t available = p_table[behind].length;
        remove_free_run(behind);
        if (available > wanted) {
            add_free_run(behind + wanted, available - wanted);
        }
    } else {
        return false;
    }
    mark_in_use(first, count, unit_kind::run);
    return true;
}

bool unit_space::commit(std::uint32_t up_to) noexcept {
    if (up_to <= m_committed) {
        return true;
    }
    const std::uint32_t step = (up_to - m_committed + k_commit_units - 1) / k_commit_units * k_commit_units;
    const std::uint32_t to = m_committed + std::min(step, m_units - m_committed);
    std::byte* const from = address_of(m_committed);
    const std::size_t bytes = std::size_t{to - m_committed} * k_unit_bytes;
    if (mprotect(from, bytes, PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    if (m_committed >= k_huge_from_unit) {
        // refused where the system has none: then the pages are small, and that is all
        madvise(from, bytes, MADV_HUGEPAGE);
    }
    m_committed = to;
    return true;
}

std::uint32_t unit_space::take_free_run(std::uint32_t count) noexcept {
    for (unsigned bin = bin_of(count); bin < k_bins; ++bin) {
        // All runs of a bin but the last are of one length; in the last, the first that is long enough is taken.
        for (std::uint32_t link = m_bins[bin]; link != 0; link = p_table[link - 1].next) {
            const std::uint32_t first = link - 1;
            const std::uint32_t length = p_table[first].length;
            if (length >= count) {
                remove_free_run(first);
                if (length > count) {
                    add_free_run(first + count, length - count);
                }
                return first;
            }
        }
    }
    return k_none;
}

std::uint32_t unit_space::take_from_top(std::uint32_t count) noexcept {
    if (count > m_units - m_top || !commit(m_top + count)) {
        return k_none;
    }
    const std::uint32_t first = m_top;
    m_top += count;
    return first;
}

void unit_space::mark_in_use(std::uint32_t first, std::uint32_t count, unit_kind kind) noexcept {
    p_table[first].kind = kind;
    p_table[first].length = count;
    for (std::uint32_t unit = first + 1; unit < first + count; ++unit) {
        p_table[unit].kind = unit_kind::run_rest;
    }
}

void unit_space::add_free_run(std::uint32_t first, std::uint32_t count) noexcept {
    for (const std::uint32_t unit : {first, first + count - 1}) {
        p_table[unit].kind = unit_kind::free;
        p_table[unit].length = count;
    }
    std::uint32_t& head = m_bins[bin_of(count)];
    p_table[first].next = head;
    p_table[first].previous = 0;
    if (head != 0) {
        p_table[head - 1].previous = first + 1;
    }
    head = first + 1;
}

void unit_space::remove_free_run(std::uint32_t first) noexcept {
    const unit_info& run = p_table[first];
    if (run.previous != 0) {
        p_table[run.previous - 1].next = run.next;
    } else {
        m_bins[bin_of(run.length)] = run.next;
    }
    if (run.next != 0) {
        p_table[run.next - 1].previous = run.previous;
    }
}

const char* unit_space::find_defect() const noexcept {
    std::uint32_t free_runs = 0;
    bool last_was_free = false;
    for (std::uint32_t unit = 0; unit < m_top;) {
        const unit_info& first = p_table[unit];
        const std::uint32_t length = first.length;
        if (first.kind == unit_kind::run_rest || length == 0 || length > m_top - unit) {
            return "a run does not begin where the one before it ends";
        }
        const bool is_free = first.kind == unit_kind::free;
        if (is_free && (last_was_free || unit + length == m_top)) {
            return "free runs touch";
        }
        if (is_free && p_table[unit + length - 1].length != length) {
            return "the ends of a free run disagree about its length";
        }
        for (std::uint32_t other = unit + 1; other < unit + length; ++other) {
            if (p_table[other].kind != (is_free ? unit_kind::free : unit_kind::run_rest)) {
                return "a unit is not of the run around it";
            }
        }
        free_runs += is_free ? 1 : 0;
        last_was_free = is_free;
        unit += length;
    }
    for (unsigned bin = 0; bin < k_bins; ++bin) {
        std::uint32_t previous = 0;
        for (std::uint32_t link = m_bins[bin]; link != 0; link = p_table[link - 1].next) {
            const unit_info& run = p_table[link - 1];
            if (run.kind != unit_kind::free || bin_of(run.length) != bin || run.previous != previous ||
                free_runs == 0) {
                return "a bin holds what does not belong there";
            }
            --free_runs;
            previous = link;
        }
    }
    return free_runs == 0 ? nullptr : "a free run is in no bin";
}

} // namespace xpar
