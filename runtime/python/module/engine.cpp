#include "runtime/python/module/engine.hpp"

#include "runtime/base/clock.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <utility>

namespace xpar {
namespace {

// Something that the records or contexts of a heap have brought into the world: an xlist that a record refers to, or a
// batch that a context has started. A stack through `next`, pushed by any process, walked when the heap goes.
struct heap_reference_shm {
    heap_id heap;        // a list's number, or a batch's heap
    std::uint32_t maker; // of a batch: 1 + the slot of the context that has started it; of a list: 0
    region_offset next;
};

struct batch_reference_shm {
    heap_reference_shm base;
    std::atomic<region_offset> batch; // written by the process that has it; 0: there is nothing but the heap
};

void add_reference(shared_heap_shm& heap, region_offset place, heap_reference_shm& node) noexcept {
    node.next = heap.references.load(std::memory_order_relaxed);
    // release pairs with the acquire of whoever walks.
    while (!heap.references.compare_exchange_weak(node.next, place, std::memory_order_release)) {
    }
}

// Readable from the death of a process on, whoever will reap it. The limit is for a number that was given away again.
void wait_until_dead(pid_t pid, std::uint64_t deadline_ns) noexcept {
    const int descriptor = pid > 0 ? static_cast<int>(syscall(SYS_pidfd_open, pid, 0)) : -1;
    if (descriptor < 0) {
        return;
    }
    pollfd watched{descriptor, POLLIN, 0};
    for (std::uint64_t now = monotonic_ns(); now < deadline_ns && watched.revents == 0; now = monotonic_ns()) {
        (void)poll(&watched, 1, static_cast<int>((deadline_ns - now) / 1'000'000) + 1);
    }
    close(descriptor);
}

} // namespace

engine* engine::s_instance = nullptr;

bool engine::create() {
    if (exists()) {
        return true;
    }
    std::unique_ptr<engine> made(new engine);
    if (const status created = region::create(default_region_bytes(), made->m_region); !created) {
        PyErr_Format(PyExc_MemoryError, "parallel cannot reserve its shared region: %s", created.what().c_str());
        return false;
    }
    region& memory = *made->m_region;
    made->m_cursors.emplace(memory);
    const region_offset shared_at = memory.allocate(sizeof(engine_shm), k_engine_heap);
    if (shared_at == 0 || !list_table::create(memory, made->m_lists)) {
        PyErr_SetString(PyExc_MemoryError, "parallel's shared region is too small for its own tables");
        return false;
    }
    made->p_shared = memory.as<engine_shm>(shared_at);
    made->m_main_pid = getpid();
    s_instance = made.release();
    // Whoever forks, and whatever for: a child must not go on filling its parent's chunks.
    pthread_atfork(nullptr, nullptr, [] {
        s_instance->m_cursors->forget_all();
        s_instance->output = {}; // the parent will print what it has begun
        s_instance->self.is_copy = true;
    });
    return true;
}

bool engine::clone_into(PyObject* object, heap_cursor& cursor, shared_heap_shm& heap, heap_id number,
                        std::uint64_t& value) {
    if (clone::try_encode_inline(object, value)) {
        return true;
    }
    std::unique_ptr<clone::encoder> encoder;
    if (m_encoders.empty()) {
        encoder = std::make_unique<clone::encoder>();
    } else {
        encoder = std::move(m_encoders.back());
        m_encoders.pop_back();
    }
    bool cloned = encoder->encode(object);
    if (cloned) {
        const std::vector<std::uint32_t>& lists_named = encoder->references();
        const region_offset place = cursor.allocate(encoder->size(), encoder->has_payloads() ? 64 : 8);
        const region_offset nodes =
            place == 0 || lists_named.empty() ? 0 : cursor.allocate(lists_named.size() * sizeof(heap_reference_shm));
        cloned = place != 0 && (nodes != 0 || lists_named.empty());
        if (cloned) {
            encoder->write_to(m_region->as<std::byte>(place));
            for (std::size_t i = 0; i < lists_named.size(); ++i) {
                if (lists_named[i] == number) {
                    continue; // a list that holds itself would never go
                }
                m_lists->retain(lists_named[i]);
                const region_offset at = nodes + i * sizeof(heap_reference_shm);
                add_reference(heap, at, *new (m_region->at(at)) heap_reference_shm{lists_named[i], 0, 0});
            }
            value = place;
        } else {
            PyErr_Format(PyExc_MemoryError, "the shared region is full: no room for a clone of %zu bytes",
                         encoder->size());
        }
    }
    encoder->reset();
    m_encoders.push_back(std::move(encoder));
    return cloned;
}

PyObject* engine::clone_out(std::uint64_t value, PyObject* owner) {
    if ((value & 1) != 0) {
        return clone::decode_inline(value);
    }
    return clone::decode(m_region->as<const std::byte>(value), owner);
}

bool engine::is_main_process() const noexcept {
    return getpid() == m_main_pid;
}

std::uint32_t engine::begin_batch() {
    const std::uint32_t serial = p_shared->last_serial.fetch_add(1, std::memory_order_relaxed) + 1;
    m_running.insert(serial);
    return serial;
}

void engine::end_batch(std::uint32_t serial) {
    m_running.erase(serial);
    const std::uint32_t oldest_running = m_running.empty() ? UINT32_MAX : *m_running.begin();
    const auto ready =
        std::partition(m_waiting.begin(), m_waiting.end(), [oldest_running](const waiting_release& waiting) {
            return waiting.last_serial >= oldest_running;
        });
    const std::vector<waiting_release> to_release(ready, m_waiting.end());
    m_waiting.erase(ready, m_waiting.end());
    for (const waiting_release& waiting : to_release) {
        release_now(waiting.list);
    }
}

void engine::release_list(heap_id list) {
    if (is_context()) {
        // Objects of this process may still name it, and it will not outlive its batch: that holds it from now on.
        heap_cursor& cursor = batch_cursor(*self.of);
        if (const region_offset at = cursor.allocate(sizeof(heap_reference_shm)); at != 0) {
            add_reference(self.of->shared().heap, at, *new (m_region->at(at)) heap_reference_shm{list, 0, 0});
        }
    } else if (m_running.empty()) {
        release_now(list);
    } else {
        m_waiting.push_back({list, *m_running.rbegin()});
    }
}

void engine::release_now(heap_id list) {
    shared_heap_shm& heap = m_lists->at(list).heap;
    if (m_lists->references(list) == 1) {
        m_cursors->forget(list);
        release_references(heap);
    }
    m_lists->release(list);
}

void engine::release_lists_made_by(heap_id batch_heap) {
    for (heap_id list = 1; list < m_lists->high_water(); ++list) {
        if (m_lists->drop_creator(list, batch_heap)) {
            release_list(list);
        }
    }
}

void engine::release_references(shared_heap_shm& heap) {
    // acquire pairs with add_reference. Copied out first: the nodes go with the heap.
    std::vector<heap_id> lists;
    std::vector<std::pair<heap_id, region_offset>> batches;
    for (region_offset at = heap.references.exchange(0, std::memory_order_acquire); at != 0;) {
        const auto* const node = m_region->as<const heap_reference_shm>(at);
        if (node->heap < k_first_batch_heap) {
            lists.push_back(node->heap);
        } else {
            const auto* const nested = m_region->as<const batch_reference_shm>(at);
            batches.emplace_back(node->heap, nested->batch.load(std::memory_order_relaxed));
        }
        at = node->next;
    }
    for (const heap_id list : lists) {
        release_list(list);
    }
    for (const auto& [nested_heap, place] : batches) {
        if (place != 0) {
            release_references(m_region->as<batch_shm>(place)->heap);
        }
        release_lists_made_by(nested_heap);
        m_region->release(nested_heap);
    }
}

std::atomic<region_offset>* engine::note_nested_batch(heap_id nested) {
    const region_offset place = batch_cursor(*self.of).allocate(sizeof(batch_reference_shm));
    if (place == 0) {
        return nullptr;
    }
    auto* const node = new (m_region->at(place)) batch_reference_shm{{nested, self.slot + 1, 0}, 0};
    add_reference(self.of->shared().heap, place, node->base);
    return &node->batch;
}

void engine::outlive_nested_batches(const shared_heap_shm& heap, std::uint32_t maker) {
    constexpr std::uint64_t dying_ns = 1'000'000'000;
    for (region_offset at = heap.references.load(std::memory_order_acquire); at != 0;) {
        const auto* const node = m_region->as<const batch_reference_shm>(at);
        at = node->base.next;
        const region_offset place =
            node->base.heap < k_first_batch_heap ? 0 : node->batch.load(std::memory_order_acquire);
        if (place == 0 || (maker != 0 && node->base.maker != maker)) {
            continue;
        }
        const auto* const nested = m_region->as<const batch_shm>(place);
        const std::uint64_t deadline = monotonic_ns() + dying_ns;
        const heap_id heap_number = node->base.heap;
        wait_until_dead(nested->group.zygote_pid.load(), deadline); // first: it makes no further context then
        for (std::uint32_t slot = 0; slot < nested->group.context_count; ++slot) {
            wait_until_dead(nested->group.contexts[slot].pid.load(), deadline);
        }
        reclaim_permits(p_shared->permits, heap_number);
        outlive_nested_batches(nested->heap);
    }
}

} // namespace xpar
