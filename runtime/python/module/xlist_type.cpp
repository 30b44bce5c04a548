#include "runtime/python/module/xlist_type.hpp"

#include "runtime/base/event_any.hpp"
#include "runtime/python/glue/gil.hpp"
#include "runtime/python/glue/type_slot.hpp"
#include "runtime/python/module/engine.hpp"
#include "runtime/python/module/permit_pause.hpp"

#include <structmember.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace xpar {
namespace {

struct xlist_object {
    PyObject_HEAD heap_id id; // 0 until __init__ or from_id has given it a list
    std::uint32_t generation;
    PyObject* weak_references;
    std::uint64_t known_tail; // of pushes through this object, with the interpreter's lock; forked with it
};

struct iterator_object {
    PyObject_HEAD xlist_object* owned_list;
    std::uint64_t at;
    std::uint64_t end;
};

xlist_object* as_xlist(PyObject* object) noexcept {
    return reinterpret_cast<xlist_object*>(object);
}

interlocked_list list_of(const xlist_object* self) {
    engine& e = engine::get();
    return {&e.memory(), &e.lists().at(self->id).list, self->id};
}

// ---- life -----------------------------------------------------------------------------------------------------------

PyObject* xlist_new(PyTypeObject* type, PyObject*, PyObject*) {
    PyObject* const made = type->tp_alloc(type, 0);
    if (made == nullptr) {
        return nullptr;
    }
    engine& e = engine::get();
    const std::uint32_t created_by = e.is_context() ? e.self.of->shared().heap_number : 0;
    const heap_id id = e.lists().allocate(created_by);
    if (id == 0) {
        Py_DECREF(made);
        PyErr_SetString(PyExc_MemoryError, "too many xlists: drop some that are no longer needed");
        return nullptr;
    }
    xlist_object* const self = as_xlist(made);
    self->id = id;
    self->generation = e.lists().generation(id);
    e.wrappers[id] = made;
    return made;
}

void xlist_dealloc(PyObject* object) {
    xlist_object* const self = as_xlist(object);
    PyTypeObject* const type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    engine& e = engine::get();
    // First: callbacks of weak references are user code, which may come across the list again.
    if (const auto known = e.wrappers.find(self->id); known != e.wrappers.end() && known->second == object) {
        e.wrappers.erase(known);
    }
    if (self->weak_references != nullptr) {
        PyObject_ClearWeakRefs(object);
    }
    // What a context holds goes with its batch.
    if (self->id != 0 && e.is_main_process()) {
        e.release_list(self->id);
    }
    type->tp_free(object);
    Py_DECREF(type);
}

int xlist_traverse(PyObject* object, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(object));
    return 0;
}

// ---- by reference through the codec ---------------------------------------------------------------------------------

bool xlist_id_of(PyObject* object, std::uint32_t& id) {
    id = as_xlist(object)->id;
    return id != 0;
}

std::uint32_t xlist_generation_of(std::uint32_t id) {
    return engine::get().lists().generation(id);
}

PyObject* xlist_from_id(std::uint32_t id, std::uint32_t generation) {
    engine& e = engine::get();
    if (id == 0 || id >= k_first_batch_heap || e.lists().generation(id) != generation) {
        PyErr_SetString(PyExc_ReferenceError, "the xlist this refers to no longer exists");
        return nullptr;
    }
    if (const auto known = e.wrappers.find(id); known != e.wrappers.end()) {
        return Py_NewRef(known->second);
    }
    auto* const type = reinterpret_cast<PyTypeObject*>(e.xlist_class.get());
    PyObject* const made = type->tp_alloc(type, 0);
    if (made == nullptr) {
        return nullptr;
    }
    as_xlist(made)->id = id;
    as_xlist(made)->generation = generation;
    if (e.is_main_process()) {
        e.lists().retain(id); // in a child the record it came from holds it for as long as the batch runs
    }
    e.wrappers[id] = made;
    return made;
}

// ---- putting in and taking out --------------------------------------------------------------------------------------

// Benchmark: push_int.
PyObject* xlist_push(PyObject* object, PyObject* item) {
    xlist_object* const self = as_xlist(object);
    engine& e = engine::get();
    interlocked_list list = list_of(self);
    std::uint64_t value = 0;
    if (!clone::try_encode_inline(item, value)) {
        if (list.closed()) { // seen again by the push itself; here it saves a clone nobody will see
            PyErr_SetString(PyExc_ValueError, "push to a closed xlist");
            return nullptr;
        }
        if (!e.clone_into(item, e.list_cursor(self->id), e.lists().at(self->id).heap, self->id, value)) {
            return nullptr;
        }
    }
    switch (list.push(value, nullptr, &self->known_tail)) {
    case interlocked_list::push_result::pushed:
        if (e.is_context()) {
            std::atomic<std::uint64_t>& pushes = e.self.of->context(e.self.slot).pushes;
            pushes.store(pushes.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); // one writer
        }
        Py_RETURN_NONE;
    case interlocked_list::push_result::closed:
        PyErr_SetString(PyExc_ValueError, "push to a closed xlist");
        return nullptr;
    case interlocked_list::push_result::region_full:
        break;
    }
    PyErr_SetString(PyExc_MemoryError, "the shared region is full: the xlist cannot grow");
    return nullptr;
}

PyObject* xlist_extend(PyObject* object, PyObject* iterable) {
    reference iterator(PyObject_GetIter(iterable));
    if (!iterator) {
        return nullptr;
    }
    while (PyObject* const item = PyIter_Next(iterator.get())) {
        PyObject* const pushed = xlist_push(object, item);
        Py_DECREF(item);
        if (pushed == nullptr) {
            return nullptr;
        }
        Py_DECREF(pushed);
    }
    if (PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* xlist_pop(PyObject* object, PyObject*) {
    std::uint64_t value = 0;
    if (!list_of(as_xlist(object)).pop(value)) {
        PyErr_SetString(PyExc_IndexError, "pop from an empty xlist");
        return nullptr;
    }
    return engine::get().clone_out(value, object);
}

// Decoded first, taken second: decoding may fail, and what has been taken would be lost then.
PyObject* xlist_flush(PyObject* object, PyObject*) {
    engine& e = engine::get();
    interlocked_list list = list_of(as_xlist(object));
    // As many as there are now: pushers that go on cannot keep a flush from ending.
    const std::uint64_t end = list.tail();
    std::vector<std::uint64_t> values;
    std::vector<reference> items;
    for (std::uint64_t at = list.head(); at < end; ++at) {
        const std::uint64_t value = list.load(at);
        if (!is_list_value(value)) {
            continue; // taken by somebody meanwhile
        }
        reference item(e.clone_out(value, object));
        if (!item) {
            return nullptr;
        }
        values.push_back(value);
        items.push_back(std::move(item));
    }
    reference taken(PyList_New(0));
    if (!taken) {
        return nullptr;
    }
    // Others may be taking, too, so what comes is a part of what was decoded, in the same order; what has been pushed
    // since may come as well. Equal values are equal items, whichever of them was taken.
    std::size_t decoded = 0;
    std::uint64_t value = 0;
    while (list.head() < end && list.pop(value)) {
        while (decoded < values.size() && values[decoded] != value) {
            ++decoded;
        }
        reference item = decoded < values.size() ? std::move(items[decoded++]) : reference(e.clone_out(value, object));
        if (!item || PyList_Append(taken.get(), item.get()) < 0) {
            return nullptr;
        }
    }
    return taken.give();
}

PyObject* xlist_close(PyObject* object, PyObject*) {
    list_of(as_xlist(object)).close();
    Py_RETURN_NONE;
}

// ---- reading --------------------------------------------------------------------------------------------------------

Py_ssize_t xlist_length(PyObject* object) {
    return static_cast<Py_ssize_t>(list_of(as_xlist(object)).size());
}

PyObject* xlist_size(PyObject* object, PyObject*) {
    return PyLong_FromSsize_t(xlist_length(object));
}

// New reference to the item at an absolute position; null without an error when it has been taken meanwhile.
PyObject* item_at(PyObject* object, const interlocked_list& list, std::uint64_t position) {
    const std::uint64_t value = list.load(position);
    if (!is_list_value(value)) {
        return nullptr;
    }
    return engine::get().clone_out(value, object);
}

PyObject* xlist_item(PyObject* object, Py_ssize_t index) {
    const interlocked_list list = list_of(as_xlist(object));
    const std::uint64_t head = list.head();
    const std::uint64_t tail = list.tail();
    if (index >= 0 && head + static_cast<std::uint64_t>(index) < tail) {
        PyObject* const item = item_at(object, list, head + static_cast<std::uint64_t>(index));
        if (item != nullptr || PyErr_Occurred() != nullptr) {
            return item;
        }
    }
    PyErr_SetString(PyExc_IndexError, "xlist index out of range");
    return nullptr;
}

PyObject* xlist_at(PyObject* object, PyObject* position) {
    const std::uint64_t at = PyLong_AsUnsignedLongLong(position);
    if (at == static_cast<std::uint64_t>(-1) && PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    PyObject* const item = item_at(object, list_of(as_xlist(object)), at);
    if (item == nullptr && PyErr_Occurred() == nullptr) {
        PyErr_SetString(PyExc_IndexError, "not there: taken, or not yet pushed");
    }
    return item;
}

PyObject* xlist_slice(PyObject* object, PyObject* slice) {
    const interlocked_list list = list_of(as_xlist(object));
    const std::uint64_t head = list.head();
    const auto length = static_cast<Py_ssize_t>(std::max(list.tail(), head) - head);
    Py_ssize_t start = 0;
    Py_ssize_t stop = 0;
    Py_ssize_t step = 0;
    if (PySlice_Unpack(slice, &start, &stop, &step) < 0) {
        return nullptr;
    }
    const Py_ssize_t count = PySlice_AdjustIndices(length, &start, &stop, step);
    reference items(PyList_New(0));
    if (!items) {
        return nullptr;
    }
    for (Py_ssize_t i = 0; i < count; ++i) {
        const reference item(item_at(object, list, head + static_cast<std::uint64_t>(start + i * step)));
        if (!item) {
            if (PyErr_Occurred() != nullptr) {
                return nullptr;
            }
            continue; // taken by somebody while this was being read
        }
        if (PyList_Append(items.get(), item.get()) < 0) {
            return nullptr;
        }
    }
    return items.give();
}

PyObject* xlist_subscript(PyObject* object, PyObject* key) {
    if (PySlice_Check(key)) {
        return xlist_slice(object, key);
    }
    if (!PyIndex_Check(key)) {
        PyErr_Format(PyExc_TypeError, "xlist indices must be integers or slices, not %.200s", Py_TYPE(key)->tp_name);
        return nullptr;
    }
    Py_ssize_t index = PyNumber_AsSsize_t(key, PyExc_IndexError);
    if (index == -1 && PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    if (index < 0) {
        index += xlist_length(object);
    }
    return xlist_item(object, index);
}

int xlist_contains(PyObject* object, PyObject* wanted) {
    const interlocked_list list = list_of(as_xlist(object));
    const std::uint64_t tail = list.tail();
    for (std::uint64_t at = list.head(); at < tail; ++at) {
        const reference item(item_at(object, list, at));
        if (!item) {
            if (PyErr_Occurred() != nullptr) {
                return -1;
            }
            continue;
        }
        if (const int equal = PyObject_RichCompareBool(item.get(), wanted, Py_EQ); equal != 0) {
            return equal;
        }
    }
    return 0;
}

// Benchmark: read_back_int.
PyObject* iterator_next(PyObject* object) {
    auto* const self = reinterpret_cast<iterator_object*>(object);
    auto* const list_object = reinterpret_cast<PyObject*>(self->owned_list);
    const interlocked_list list = list_of(self->owned_list);
    while (self->at < self->end) {
        PyObject* const item = item_at(list_object, list, self->at++);
        if (item != nullptr || PyErr_Occurred() != nullptr) {
            return item;
        }
    }
    return nullptr;
}

void iterator_dealloc(PyObject* object) {
    PyTypeObject* const type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    Py_CLEAR(reinterpret_cast<iterator_object*>(object)->owned_list);
    type->tp_free(object);
    Py_DECREF(type);
}

int iterator_traverse(PyObject* object, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(reinterpret_cast<iterator_object*>(object)->owned_list);
    return 0;
}

PyTypeObject* s_iterator_type = nullptr; // made once, lives as long as the process, as the engine does

PyObject* xlist_iter(PyObject* object) {
    const interlocked_list list = list_of(as_xlist(object));
    auto* const made = reinterpret_cast<iterator_object*>(s_iterator_type->tp_alloc(s_iterator_type, 0));
    if (made == nullptr) {
        return nullptr;
    }
    made->owned_list = as_xlist(Py_NewRef(object));
    made->at = list.head();
    made->end = list.tail();
    return reinterpret_cast<PyObject*>(made);
}

// ---- waiting and facts ----------------------------------------------------------------------------------------------

// One sleep: until something is pushed, the list is closed, or the engine's event is no longer `events_seen`.
bool wait_beyond_or_event(const interlocked_list& list, std::uint64_t seen, std::uint32_t events_seen,
                          std::int64_t timeout_ns) noexcept {
    const event_watch watching(list.event()); // pushes tell only those who watch
    const awaited_event awaited[] = {{&list.event(), event_now(list.event())}, {&engine::get().changed(), events_seen}};
    const auto reached = [&] { return list.tail() > seen || list.closed(); };
    if (reached()) {
        return true;
    }
    event_wait_any(awaited, std::size(awaited), timeout_ns);
    return reached();
}

PyObject* xlist_wait_beyond(PyObject* object, PyObject* arguments) {
    unsigned long long seen = 0;
    double timeout = 0;
    PyObject* events = Py_None;
    if (PyArg_ParseTuple(arguments, "Kd|O", &seen, &timeout, &events) == 0) {
        return nullptr;
    }
    const unsigned long events_seen = events != Py_None ? PyLong_AsUnsignedLong(events) : 0;
    if (PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    const std::int64_t timeout_ns = timeout < 0 ? -1 : static_cast<std::int64_t>(timeout * 1e9);
    interlocked_list list = list_of(as_xlist(object));
    bool more = list.wait_beyond(seen, 0);
    if (!more) {
        const gil_release unlocked;
        const permit_pause meanwhile;
        more = events == Py_None
                   ? list.wait_beyond(seen, timeout_ns)
                   : wait_beyond_or_event(list, seen, static_cast<std::uint32_t>(events_seen), timeout_ns);
    }
    if (PyErr_CheckSignals() < 0) {
        return nullptr;
    }
    return PyBool_FromLong(more);
}

PyObject* xlist_closed(PyObject* object, void*) {
    return PyBool_FromLong(list_of(as_xlist(object)).closed());
}
PyObject* xlist_id(PyObject* object, void*) {
    return PyLong_FromUnsignedLong(as_xlist(object)->id);
}
PyObject* xlist_pushed(PyObject* object, void*) {
    return PyLong_FromUnsignedLongLong(list_of(as_xlist(object)).tail());
}

PyObject* xlist_bytes(PyObject* object, void*) {
    const shared_heap_shm& heap = engine::get().lists().at(as_xlist(object)->id).heap;
    return PyLong_FromUnsignedLongLong(heap.allocated_bytes.load(std::memory_order_relaxed));
}

PyObject* xlist_heap(PyObject* object, void*) {
    const xlist_object* const self = as_xlist(object);
    engine& e = engine::get();
    const interlocked_list list = list_of(self);
    const shared_heap_shm& heap = e.lists().at(self->id).heap;
    const std::size_t reserved = e.memory().allocated_by(self->id);
    return Py_BuildValue("{s:I,s:K,s:K,s:K,s:K,s:K}", "id", self->id, "items", list.size(), "pushed", list.tail(),
                         "bytes", static_cast<unsigned long long>(heap.allocated_bytes.load(std::memory_order_relaxed)),
                         "reserved", static_cast<unsigned long long>(reserved), "pages",
                         static_cast<unsigned long long>(reserved / 4096));
}

PyMethodDef s_methods[] = {
    {"push", xlist_push, METH_O,
     PyDoc_STR("push($self, item, /)\n--\n\n"
               "Clone `item` into the list's heap and append the clone.\n\n"
               "Any process may push at any time. What has been pushed stays, whatever happens to the pusher.\n\n"
               "Raises ValueError when `item` cannot be cloned or the list is closed (nothing is pushed then), and "
               "MemoryError\n"
               "when the shared region is full.\n\n"
               ">>> squares = xlist()\n>>> squares.push(3 ** 2)\n>>> list(squares)\n[9]\n")},
    {"extend", xlist_extend, METH_O,
     PyDoc_STR(
         "extend($self, iterable, /)\n--\n\nPush every item of `iterable`, one by one.\n\n"
         "An item that cannot be cloned ends it with the error of push(); the items before it have been pushed.\n\n"
         ">>> x = xlist()\n>>> x.extend(range(3))\n>>> list(x)\n[0, 1, 2]\n")},
    {"pop", xlist_pop, METH_NOARGS,
     PyDoc_STR("pop($self, /)\n--\n\nTake the oldest item and return it; no other process gets it too.\n\n"
               "Raises IndexError when the list is empty.\n\n"
               ">>> x = xlist('ab')\n>>> x.pop(), list(x)\n('a', ['b'])\n")},
    {"flush", xlist_flush, METH_NOARGS,
     PyDoc_STR("flush($self, /)\n--\n\nTake everything the list holds now, oldest first, and return it as a list.\n\n"
               "When an item cannot be rebuilt its error is raised and nothing is taken.\n\n"
               ">>> x = xlist('ab')\n>>> x.flush(), list(x)\n(['a', 'b'], [])\n")},
    {"close", xlist_close, METH_NOARGS,
     PyDoc_STR("close($self, /)\n--\n\nEnd the list: later pushes raise ValueError. What it holds can still be read "
               "and taken.\n\n"
               ">>> x = xlist('a')\n>>> x.close(); x.closed, x.pop()\n(True, 'a')\n")},
    {"size", xlist_size, METH_NOARGS,
     PyDoc_STR("size($self, /)\n--\n\nThe number of items; the same as len().\n\n>>> xlist('ab').size()\n2\n")},
    {"_at", xlist_at, METH_O,
     PyDoc_STR("_at($self, position, /)\n--\n\n"
               "The item that was the `position`-th (from 0) to be pushed. IndexError when it has been taken or is yet "
               "to come.\n")},
    {"_wait_beyond", xlist_wait_beyond, METH_VARARGS,
     PyDoc_STR("_wait_beyond($self, seen, timeout, events=None, /)\n--\n\n"
               "Sleep until more than `seen` items were ever pushed, the list is closed, `timeout` seconds (< 0: no "
               "limit) have\n"
               "passed, a signal came, or events() is no longer `events`. True in the first two cases.\n")},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS,
     PyDoc_STR("__class_getitem__($type, item, /)\n--\n\nxlist[int], for annotations.\n")},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef s_properties[] = {
    {"closed", xlist_closed, nullptr, PyDoc_STR("True once close() was called."), nullptr},
    {"id", xlist_id, nullptr, PyDoc_STR("The number of the list's heap; the same in every process."), nullptr},
    {"_pushed", xlist_pushed, nullptr, PyDoc_STR("How many items were ever pushed, taken ones included."), nullptr},
    {"_bytes", xlist_bytes, nullptr,
     PyDoc_STR("Bytes in records: what `heap` says, without looking through the region."), nullptr},
    {"heap", xlist_heap, nullptr,
     PyDoc_STR("Facts about the list's heap, as a dict: `id`, `items` it holds, `pushed` ever, `bytes` in records, "
               "`reserved` bytes\n"
               "of the shared region, `pages` of 4,096 bytes."),
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef s_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(xlist_object, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

bool add_iterator_type() {
    static PyType_Slot slots[] = {
        {Py_tp_dealloc, slot(iterator_dealloc)},
        {Py_tp_traverse, slot(iterator_traverse)},
        {Py_tp_iter, slot(PyObject_SelfIter)},
        {Py_tp_iternext, slot(iterator_next)},
        {0, nullptr},
    };
    static PyType_Spec spec = {
        "parallel._core.xlist_iterator", static_cast<int>(sizeof(iterator_object)), 0,
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};
    s_iterator_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    return s_iterator_type != nullptr;
}

} // namespace

bool add_xlist_type(PyObject* module) {
    static PyType_Slot slots[] = {
        {Py_tp_new, slot(xlist_new)},
        {Py_tp_dealloc, slot(xlist_dealloc)},
        {Py_tp_traverse, slot(xlist_traverse)},
        {Py_tp_iter, slot(xlist_iter)},
        {Py_sq_length, slot(xlist_length)},
        {Py_sq_item, slot(xlist_item)},
        {Py_sq_contains, slot(xlist_contains)},
        {Py_mp_length, slot(xlist_length)},
        {Py_mp_subscript, slot(xlist_subscript)},
        {Py_tp_methods, s_methods},
        {Py_tp_getset, s_properties},
        {Py_tp_members, s_members},
        {0, nullptr},
    };
    static PyType_Spec spec = {"parallel._core.xlist", static_cast<int>(sizeof(xlist_object)), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
    auto* const type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    if (type == nullptr || !add_iterator_type() || PyModule_AddType(module, type) < 0) {
        return false;
    }
    engine::get().xlist_type = type;
    engine::get().xlist_class = reference::to(reinterpret_cast<PyObject*>(type));
    clone::set_reference_hooks({type, xlist_id_of, xlist_from_id, xlist_generation_of});
    return true;
}

} // namespace xpar
