#include "runtime/memory/region.hpp"

#include "runtime/base/cgroup.hpp"
#include "runtime/base/check.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace xpar {

// At the start of the region, followed by one owner a chunk: 0 = free, else the heap. An owner entry goes 0 -> heap by
// CAS and back to 0 by a store of whoever frees; nobody else writes it while it is not 0.
struct region::table_shm {
    // Below it no chunk is free, as far as known: where searches begin. Anyone lowers it after freeing and raises it
    // after claiming. Too low costs a longer search, too high a second pass from 0.
    std::atomic<std::size_t> first_free;
    // Chunks from here on have never been claimed: sweeps end here. Raised before a claim, never lowered.
    std::atomic<std::size_t> high_water;
};

namespace {

constexpr std::size_t k_nowhere = ~std::size_t{0};

constexpr std::size_t chunks_of(std::size_t bytes) noexcept {
    return bytes == 0 ? 1 : bytes / k_chunk_bytes + (bytes % k_chunk_bytes != 0);
}

} // namespace

std::size_t default_region_bytes() {
    const auto pages = static_cast<std::uint64_t>(std::max(sysconf(_SC_PHYS_PAGES), 1L));
    const auto physical = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    const std::uint64_t usable = std::min(physical, read_cgroup_limits().memory_bytes);
    return std::max(usable / k_chunk_bytes * k_chunk_bytes, region::k_minimum_bytes);
}

status region::create(std::size_t bytes, std::unique_ptr<region>& out) {
    std::size_t wanted = std::max(chunks_of(bytes) * k_chunk_bytes, k_minimum_bytes);
    for (;;) {
        // Anonymous: no name that could be left behind, not limited by the size of /dev/shm. NORESERVE: pages count
        // when written.
        void* const place =
            mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (place != MAP_FAILED) {
            out.reset(new region(static_cast<std::byte*>(place), wanted));
            return status::ok();
        }
        const int refused = errno;
        if (wanted <= k_minimum_bytes) {
            return status::error(refused, "mmap of the shared region");
        }
        wanted = std::max(chunks_of(wanted / 2) * k_chunk_bytes, k_minimum_bytes);
    }
}

region::region(std::byte* base, std::size_t bytes) noexcept
    : p_base(base), m_bytes(bytes), m_chunks(bytes / k_chunk_bytes), p_table(reinterpret_cast<table_shm*>(base)),
      p_owners(reinterpret_cast<std::atomic<heap_id>*>(base + sizeof(table_shm))) {
    const std::size_t own = chunks_of(sizeof(table_shm) + m_chunks * sizeof(heap_id));
    const std::size_t blocked = claim(0, own, k_region_heap);
    XPAR_CHECK(blocked == own, "a new region is free");
    p_table->first_free.store(own, std::memory_order_relaxed); // nobody else knows the region yet
}

region::~region() {
    munmap(p_base, m_bytes);
}

region_offset region::allocate(std::size_t bytes, heap_id owner) noexcept {
    XPAR_ASSERT(owner != 0, "a chunk needs an owner");
    const std::size_t count = chunks_of(bytes);
    if (count >= m_chunks) {
        return 0;
    }
    // relaxed: a hint.
    const std::size_t hint = p_table->first_free.load(std::memory_order_relaxed);
    for (const std::size_t begin : {hint, std::size_t{0}}) {
        std::size_t first = find_run(begin, count);
        while (first != k_nowhere) {
            const std::size_t blocked = claim(first, count, owner);
            if (blocked == first + count) {
                // A run of one is the first free chunk from the hint on; a longer one may have left shorter gaps
                // behind.
                if (begin == hint && (count == 1 || first == hint)) {
                    std::size_t expected = hint;
                    p_table->first_free.compare_exchange_strong(expected, first + count, std::memory_order_relaxed);
                }
                return static_cast<region_offset>(first) * k_chunk_bytes;
            }
            first = find_run(blocked + 1, count);
        }
        if (hint == 0) {
            break;
        }
    }
    return 0;
}

std::size_t region::find_run(std::size_t from, std::size_t count) const noexcept {
    // Looks at a window from its end: an owned chunk rules out all windows that hold it, so long runs skip over whole
    // neighbourhoods, and no entry is looked at more than twice.
    while (from + count <= m_chunks) {
        std::size_t unseen = count;
        // relaxed: claim() decides.
        while (unseen > 0 && p_owners[from + unseen - 1].load(std::memory_order_relaxed) == 0) {
            --unseen;
        }
        if (unseen == 0) {
            return from;
        }
        from += unseen;
    }
    return k_nowhere;
}

// first + count when the run is now the owner's, else the chunk that was not free; then nothing has been claimed.
std::size_t region::claim(std::size_t first, std::size_t count, heap_id owner) noexcept {
    std::size_t seen = p_table->high_water.load(std::memory_order_relaxed);
    // seq_cst, before the first entry is written: a sweep after this process was killed in between looks far enough.
    while (seen < first + count && !p_table->high_water.compare_exchange_weak(seen, first + count)) {
    }
    for (std::size_t chunk = first; chunk < first + count; ++chunk) {
        heap_id expected = 0;
        // acquire pairs with the release of give_back: the pages were emptied before.
        if (!p_owners[chunk].compare_exchange_strong(expected, owner, std::memory_order_acquire,
                                                     std::memory_order_relaxed)) {
            for (std::size_t claimed = first; claimed < chunk; ++claimed) {
                p_owners[claimed].store(0, std::memory_order_release);
            }
            return chunk;
        }
    }
    return first + count;
}

void region::free(region_offset offset, std::size_t bytes) noexcept {
    XPAR_ASSERT(offset != 0 && offset % k_chunk_bytes == 0 && offset < m_bytes, "not the place of a run");
    give_back(static_cast<std::size_t>(offset / k_chunk_bytes), chunks_of(bytes));
}

void region::give_back(std::size_t first, std::size_t count) noexcept {
    std::byte* const place = p_base + first * k_chunk_bytes;
    if (madvise(place, count * k_chunk_bytes, MADV_REMOVE) != 0) {
        // Locked pages (mlockall) cannot be given back. The promise of zeroed memory holds all the same.
        std::memset(place, 0, count * k_chunk_bytes);
    }
    for (std::size_t chunk = first; chunk < first + count; ++chunk) {
        XPAR_ASSERT(p_owners[chunk].load(std::memory_order_relaxed) != 0, "freed twice");
        // release pairs with the acquire of claim: emptied before it is free.
        p_owners[chunk].store(0, std::memory_order_release);
    }
    std::size_t seen = p_table->first_free.load(std::memory_order_relaxed);
    // relaxed: a hint; a process killed before this costs others a second pass.
    while (first < seen && !p_table->first_free.compare_exchange_weak(seen, first, std::memory_order_relaxed)) {
    }
}

std::size_t region::release(heap_id owner) noexcept {
    XPAR_CHECK(owner != 0 && owner != k_region_heap, "only heaps can be released");
    const std::size_t end = p_table->high_water.load(); // seq_cst: pairs with the raise in claim
    std::size_t freed = 0;
    for (std::size_t first = 0; first < end; ++first) {
        std::size_t beyond = first;
        // relaxed: nobody claims for this heap any more, and entries of others do not matter.
        while (beyond < end && p_owners[beyond].load(std::memory_order_relaxed) == owner) {
            ++beyond;
        }
        if (beyond != first) {
            give_back(first, beyond - first);
            freed += beyond - first;
            first = beyond; // not the owner's: looked at already
        }
    }
    return freed * k_chunk_bytes;
}

region_usage region::usage() const noexcept {
    const std::size_t end = p_table->high_water.load(std::memory_order_relaxed);
    // Counted rather than kept: a counter would be wrong for ever after a process was killed next to it.
    const auto chunks = static_cast<std::size_t>(std::count_if(
        p_owners, p_owners + end, [](const auto& entry) { return entry.load(std::memory_order_relaxed) != 0; }));
    return {m_bytes, chunks * k_chunk_bytes, chunks};
}

std::size_t region::allocated_by(heap_id owner) const noexcept {
    const std::size_t end = p_table->high_water.load(std::memory_order_relaxed);
    const auto chunks = static_cast<std::size_t>(std::count_if(p_owners, p_owners + end, [owner](const auto& entry) {
        return entry.load(std::memory_order_relaxed) == owner;
    }));
    return chunks * k_chunk_bytes;
}

} // namespace xpar
