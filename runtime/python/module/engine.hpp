// The module's process-wide state: the region and what lives in it, and the few Python objects C++ calls.
// One per process (a region has one address everywhere); made at import, never torn down, inherited by every child.
// All members need the GIL.
#pragma once

#include "runtime/memory/region.hpp"
#include "runtime/memory/shared_heap.hpp"
#include "runtime/python/clone/clone.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/module/output.hpp"
#include "runtime/schedule/batch.hpp"
#include "runtime/sync/list_table.hpp"

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace xpar {

// What a context is, in that context only.
struct context_self {
    const batch* of = nullptr;
    std::uint32_t slot = 0;
    permit* leave = nullptr; // while it runs works
    bool is_copy = false;    // forked off by user code since: not the context any more
    bool submits = false;    // works of its own, perhaps
};

struct engine_shm {
    event_shm changed;   // signalled with every report and change of state of any batch
    permits_shm permits; // of all batches that are limited
    // of batches; shared, so that processes forked by user code get numbers of their own
    std::atomic<std::uint32_t> last_serial;
};

class engine {
public:
    // Reserves the region. False with a Python error set.
    static bool create();
    static engine& get() noexcept { return *s_instance; }
    static bool exists() noexcept { return s_instance != nullptr; }

    region& memory() noexcept { return *m_region; }
    list_table& lists() noexcept { return *m_lists; }
    event_shm& changed() noexcept { return p_shared->changed; }
    permits_shm& permits() noexcept { return p_shared->permits; }

    heap_cursor& list_cursor(heap_id list) { return m_cursors->of(list, m_lists->at(list).heap); }
    heap_cursor& batch_cursor(const batch& of) { return m_cursors->of(of.shared().heap_number, of.shared().heap); }
    void forget_cursor(heap_id heap) { m_cursors->forget(heap); }

    // Clones `object` into a heap; false with an error set and nothing left behind but unused heap.
    // `number` is the heap's.
    bool clone_into(PyObject* object, heap_cursor& cursor, shared_heap_shm& heap, heap_id number, std::uint64_t& value);

    // New reference, or null with an error. `owner` stays alive as long as anything that uses the record in place.
    PyObject* clone_out(std::uint64_t value, PyObject* owner);

    // Batches have serial numbers in the order of their snapshots; their heaps' numbers follow from them.
    std::uint32_t begin_batch();
    void end_batch(std::uint32_t serial);
    static heap_id heap_of_batch(std::uint32_t serial) noexcept { return k_first_batch_heap + serial; }

    // When a batch has ended: lists made by its contexts that nothing outside them refers to.
    void release_lists_made_by(heap_id batch_heap);

    // One holder of a list less. While a batch runs whose snapshot may know the list, the release waits for its end; in
    // a context it waits for the end of the context's own batch, which becomes the holder.
    void release_list(heap_id list);

    // Drops the references that records of a heap hold to lists, and what batches started by its contexts left behind:
    // those contexts ended, or died, without giving them back.
    void release_references(shared_heap_shm& heap);

    // In a context, before a batch is made there: the batch of the context will answer for what is left of it. Where to
    // put the batch's place once it has one, and 0 before it is given back; null when the region is full.
    std::atomic<region_offset>* note_nested_batch(heap_id nested);

    // When no context of a batch is alive any more, or, in its zygote, not the one in the slot `maker` - 1: waits until
    // nothing that they have started is, either, and takes back the permits that those processes had. They are killed
    // with their parents, one generation after the other, and may be writing until then.
    void outlive_nested_batches(const shared_heap_shm& heap, std::uint32_t maker = 0);

    bool is_context() const noexcept { return self.of != nullptr; }
    // The process that imported the module. It alone gives memory back: every other one has only borrowed the region.
    bool is_main_process() const noexcept;

    context_self self;
    context_output output;              // of this context
    reference enter_context;            // callable(slot): prepares Python in a context
    reference end_work;                 // callable(): shows what a work has left to be shown
    reference await_submitted;          // callable(error or None): ends the works that a work has submitted
    reference describe_exception;       // callable(exception) -> what the main process rebuilds it from
    reference heap_limit_error;         // what an allocation beyond a context's limit raises
    reference xlist_class;              // the class of lists that come out of a clone
    PyTypeObject* xlist_type = nullptr; // its C base
    // Lists this process has an object for, so that one list is one object. Borrowed: the objects remove themselves.
    std::unordered_map<heap_id, PyObject*> wrappers;

private:
    engine() = default;

    struct waiting_release {
        heap_id list;
        std::uint32_t last_serial; // of the batches that were running when the list was let go
    };

    void release_now(heap_id list);

    static engine* s_instance;

    std::unique_ptr<region> m_region;
    std::optional<list_table> m_lists;
    engine_shm* p_shared = nullptr;
    pid_t m_main_pid = 0;
    std::optional<cursor_table> m_cursors;                   // set by create(), like the region it fills
    std::vector<std::unique_ptr<clone::encoder>> m_encoders; // idle ones: pickling runs user code, which may push
    std::set<std::uint32_t> m_running;
    std::vector<waiting_release> m_waiting;
};

} // namespace xpar
