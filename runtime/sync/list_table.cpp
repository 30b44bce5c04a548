#include "runtime/sync/list_table.hpp"

#include "runtime/base/check.hpp"

#include <memory>

namespace xpar {

// Followed by the entries; list 1 is the first.
struct alignas(64) list_table::table_shm {
    std::uint32_t capacity;                // constant once the table is known to others
    std::atomic<std::uint32_t> first_free; // hint: where a search begins; lowered after a release, raised after a claim
    std::atomic<std::uint32_t> high_water; // raised before a claim, never lowered

    shared_list_shm* entries() noexcept { return reinterpret_cast<shared_list_shm*>(this + 1); }
};

namespace {

constexpr std::uint64_t pack(std::uint32_t created_by, std::uint32_t references) noexcept {
    return static_cast<std::uint64_t>(created_by) << 32 | references;
}
constexpr std::uint32_t references_in(std::uint64_t life) noexcept {
    return life == shared_list_shm::k_releasing ? 0 : static_cast<std::uint32_t>(life);
}
constexpr std::uint32_t creator_in(std::uint64_t life) noexcept {
    return static_cast<std::uint32_t>(life >> 32);
}

} // namespace

bool list_table::create(region& memory, std::optional<list_table>& out, std::uint32_t capacity) noexcept {
    XPAR_CHECK(capacity < k_first_batch_heap, "a list's number is a heap's");
    const region_offset place = memory.allocate(sizeof(table_shm) + capacity * sizeof(shared_list_shm), k_engine_heap);
    if (place == 0) {
        return false;
    }
    auto* const shared = std::construct_at(memory.as<table_shm>(place));
    shared->capacity = capacity;
    shared->first_free.store(1, std::memory_order_relaxed); // nobody else knows the table yet
    shared->high_water.store(1, std::memory_order_relaxed);
    out = list_table(memory, *shared);
    return true;
}

heap_id list_table::allocate(std::uint32_t created_by) noexcept {
    // relaxed: a hint.
    const std::uint32_t hint = p_shared->first_free.load(std::memory_order_relaxed);
    for (const std::uint32_t begin : {hint, 1U}) {
        for (heap_id list = begin; list <= p_shared->capacity; ++list) {
            std::atomic<std::uint64_t>& life = at(list).life;
            if (life.load(std::memory_order_relaxed) != 0) { // relaxed: the CAS decides
                continue;
            }
            std::uint32_t seen = p_shared->high_water.load(std::memory_order_relaxed);
            // seq_cst, before the claim: who looks for the lists of a killed process looks far enough.
            while (seen <= list && !p_shared->high_water.compare_exchange_weak(seen, list + 1)) {
            }
            std::uint64_t expected = 0;
            // acquire pairs with the release in finish_release: the entry is clean.
            if (life.compare_exchange_strong(expected, pack(created_by, 1), std::memory_order_acquire,
                                             std::memory_order_relaxed)) {
                std::uint32_t unchanged = hint;
                if (begin == hint) {
                    p_shared->first_free.compare_exchange_strong(unchanged, list + 1, std::memory_order_relaxed);
                }
                return list;
            }
        }
        if (hint == 1) {
            break;
        }
    }
    return 0;
}

shared_list_shm& list_table::at(heap_id list) const noexcept {
    XPAR_ASSERT(list >= 1 && list <= p_shared->capacity, "not the number of a list");
    return p_shared->entries()[list - 1];
}

void list_table::retain(heap_id list) noexcept {
    // relaxed: the caller has a reference, so the entry cannot go meanwhile.
    const std::uint64_t before = at(list).life.fetch_add(1, std::memory_order_relaxed);
    XPAR_CHECK(references_in(before) != 0, "a list that is not live cannot be retained");
}

bool list_table::release(heap_id list) noexcept {
    std::atomic<std::uint64_t>& life = at(list).life;
    std::uint64_t seen = life.load(std::memory_order_relaxed);
    for (;;) {
        XPAR_CHECK(references_in(seen) != 0, "a list that is not live cannot be released");
        const bool last = references_in(seen) == 1;
        // acq_rel: the releases of all other holders happen before the memory goes.
        if (life.compare_exchange_weak(seen, last ? shared_list_shm::k_releasing : seen - 1, std::memory_order_acq_rel,
                                       std::memory_order_relaxed)) {
            if (last) {
                finish_release(list);
            }
            return last;
        }
    }
}

// Every step may be repeated from the start, which is what sweep() does; the one that ends it comes last.
void list_table::finish_release(heap_id list) noexcept {
    shared_list_shm& entry = at(list);
    // relaxed: the CAS to k_releasing has ordered them. Lists that never grew skip the search through the region's
    // table.
    if (entry.heap.runs.load(std::memory_order_relaxed) != 0 || entry.list.grew.load(std::memory_order_relaxed) != 0) {
        p_region->release(list);
    }
    std::construct_at(&entry.heap);
    std::construct_at(&entry.list);
    entry.generation.fetch_add(1, std::memory_order_relaxed); // published by the store below
    entry.life.store(0, std::memory_order_release);           // pairs with the claim in allocate
    std::uint32_t seen = p_shared->first_free.load(std::memory_order_relaxed);
    while (list < seen && !p_shared->first_free.compare_exchange_weak(seen, list, std::memory_order_relaxed)) {
    }
}

std::uint32_t list_table::sweep() noexcept {
    std::uint32_t finished = 0;
    for (heap_id list = 1; list < high_water(); ++list) {
        // acquire: as the CAS that began the release.
        if (at(list).life.load(std::memory_order_acquire) == shared_list_shm::k_releasing) {
            finish_release(list);
            ++finished;
        }
    }
    return finished;
}

bool list_table::drop_creator(heap_id list, std::uint32_t created_by) noexcept {
    std::atomic<std::uint64_t>& life = at(list).life;
    std::uint64_t seen = life.load(std::memory_order_relaxed);
    while (references_in(seen) != 0 && creator_in(seen) == created_by && created_by != 0) {
        if (life.compare_exchange_weak(seen, pack(0, references_in(seen)), std::memory_order_relaxed)) {
            return true; // relaxed: the creator has been reaped before anyone asks
        }
    }
    return false;
}

std::uint32_t list_table::references(heap_id list) const noexcept {
    return references_in(at(list).life.load(std::memory_order_relaxed)); // relaxed: a moment's number
}

std::uint32_t list_table::generation(heap_id list) const noexcept {
    return at(list).generation.load(std::memory_order_relaxed); // relaxed: constant while the list is live
}

std::uint32_t list_table::high_water() const noexcept {
    return p_shared->high_water.load();
} // seq_cst: see allocate

std::uint64_t list_table::live() const noexcept {
    std::uint64_t count = 0;
    for (heap_id list = 1; list < high_water(); ++list) {
        count += references(list) != 0;
    }
    return count;
}

} // namespace xpar
