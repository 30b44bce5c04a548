#include "runtime/python/module/engine.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace xpar {
namespace {

// One xlist that some record of a heap refers to; a stack through `next`, pushed by any process, walked when the heap goes.
struct list_reference_shm {
    heap_id list;
    std::uint32_t reserved;
    region_offset next;
};

void add_reference(region& memory, shared_heap_shm& heap, region_offset place, heap_id list) noexcept {
    auto* const node = new (memory.at(place)) list_reference_shm{list, 0, 0};
    node->next = heap.references.load(std::memory_order_relaxed);
    // release pairs with the acquire of the walk in release_references.
    while (!heap.references.compare_exchange_weak(node->next, place, std::memory_order_release)) {
    }
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
    pthread_atfork(nullptr, nullptr, [] { s_instance->m_cursors->forget_all(); });
    return true;
}

bool engine::clone_into(PyObject* object, heap_cursor& cursor, shared_heap_shm& heap, std::uint64_t& value) {
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
            place == 0 || lists_named.empty() ? 0 : cursor.allocate(lists_named.size() * sizeof(list_reference_shm));
        cloned = place != 0 && (nodes != 0 || lists_named.empty());
        if (cloned) {
            encoder->write_to(m_region->as<std::byte>(place));
            for (std::size_t i = 0; i < lists_named.size(); ++i) {
                m_lists->retain(lists_named[i]);
                add_reference(*m_region, heap, nodes + i * sizeof(list_reference_shm), lists_named[i]);
            }
            value = place;
        } else {
            PyErr_Format(PyExc_MemoryError, "the shared region is full: no room for a clone of %zu bytes", encoder->size());
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

bool engine::is_main_process() const noexcept { return getpid() == m_main_pid; }

std::uint32_t engine::begin_batch() {
    const std::uint32_t serial = p_shared->last_serial.fetch_add(1, std::memory_order_relaxed) + 1;
    m_running.insert(serial);
    return serial;
}

void engine::end_batch(std::uint32_t serial) {
    m_running.erase(serial);
    const std::uint32_t oldest_running = m_running.empty() ? UINT32_MAX : *m_running.begin();
    const auto ready = std::partition(m_waiting.begin(), m_waiting.end(), [oldest_running](const waiting_release& waiting) {
        return waiting.last_serial >= oldest_running;
    });
    const std::vector<waiting_release> to_release(ready, m_waiting.end());
    m_waiting.erase(ready, m_waiting.end());
    for (const waiting_release& waiting : to_release) {
        release_now(waiting.list);
    }
}

void engine::release_list(heap_id list) {
    if (m_running.empty()) {
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

void engine::release_references(shared_heap_shm& heap) {
    // acquire pairs with add_reference. Copied out first: the nodes go with the heap.
    std::vector<heap_id> named;
    for (region_offset at = heap.references.exchange(0, std::memory_order_acquire); at != 0;) {
        const auto* const node = m_region->as<const list_reference_shm>(at);
        named.push_back(node->list);
        at = node->next;
    }
    for (const heap_id list : named) {
        release_list(list);
    }
}

} // namespace xpar
