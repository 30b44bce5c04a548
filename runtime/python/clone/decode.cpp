// From a record back to objects: iterative, so that depth costs memory instead of C stack, and trusting nothing it
// reads.
#include "runtime/python/clone/clone.hpp"

#include "runtime/python/clone/buffer_view.hpp"
#include "runtime/python/clone/decode_scalar.hpp"
#include "runtime/python/clone/key_depth.hpp"
#include "runtime/python/clone/pickle_leaf.hpp"
#include "runtime/python/clone/record_reader.hpp"
#include "runtime/python/clone/state.hpp"
#include "runtime/python/glue/reference.hpp"

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

namespace xpar::clone {
namespace {

// Holds the garbage collector off while builtin objects are made: none of them can be garbage yet, and looking through
// them again and again as they become more takes a third of the time. Only while no Python code can run, which might
// notice, or set the collector itself.
class collector_pause {
public:
    collector_pause() noexcept : m_was_enabled(PyGC_Disable() != 0) {}
    collector_pause(const collector_pause&) = delete;
    collector_pause& operator=(const collector_pause&) = delete;
    ~collector_pause() { end(); }

    void end() noexcept {
        if (std::exchange(m_was_enabled, false)) {
            PyGC_Enable();
        }
    }

private:
    bool m_was_enabled;
};

class decoder {
public:
    explicit decoder(const record_reader& from) : m_from(from) {
        // Each entry takes two bytes of the body at least, whatever the header says.
        m_memo.reserve(std::min<std::size_t>(from.memo_count(), from.bytes_left() / 2));
    }
    decoder(const decoder&) = delete;
    decoder& operator=(const decoder&) = delete;
    ~decoder();

    // New reference, or nullptr with an error set. Throws std::bad_alloc.
    PyObject* run(PyObject* owner);

private:
    // A container that is being filled.
    struct frame {
        PyObject* container; // strong until close()
        PyObject* key;       // strong: of a dict entry whose value is still to come
        std::size_t left;    // objects to come
        Py_ssize_t at;       // next index of a tuple
        std::uint32_t memo;  // index, or k_not_remembered
        tag kind;
    };
    static constexpr std::uint32_t k_not_remembered = UINT32_MAX;

    bool load_leaves(PyObject* owner);
    PyObject* load_buffers(PyObject* owner) const;

    // nullptr from these four: m_opened, or a Python error is set, or neither, which means that the record is damaged.
    PyObject* read_object();
    PyObject* read_tagged(tag what, std::uint32_t memo);
    PyObject* read_leaf();
    PyObject* open(tag what, std::uint32_t memo);

    bool attach(frame& to, PyObject* object);
    PyObject* close();

    record_reader m_from;
    collector_pause m_pause;   // until something is met whose hash, say, may be user code: leaves and xlists
    std::size_t m_to_come = 1; // objects announced and not begun, but for the one that is being read
    bool m_opened = false;     // a frame has been pushed instead of an object returned
    reference m_leaves;
    std::vector<PyObject*> m_memo; // strong; nullptr while a tuple or frozenset is incomplete
    std::vector<frame> m_frames;
};

decoder::~decoder() {
    for (const frame& unfinished : m_frames) {
        Py_XDECREF(unfinished.key);
        Py_XDECREF(unfinished.container);
    }
    for (PyObject* const object : m_memo) {
        Py_XDECREF(object);
    }
}

PyObject* decoder::run(PyObject* owner) {
    if (!m_from.pickle().empty()) {
        m_pause.end();
        if (!load_leaves(owner)) {
            return nullptr;
        }
    }
    for (;;) {
        PyObject* object = read_object();
        if (object == nullptr) {
            if (std::exchange(m_opened, false)) {
                continue;
            }
            return PyErr_Occurred() != nullptr ? nullptr : damaged_record();
        }
        --m_to_come;
        // What is complete goes into what is around it, which may complete that.
        while (!m_frames.empty()) {
            frame& around = m_frames.back();
            if (!attach(around, object)) {
                return nullptr;
            }
            if (--around.left != 0) {
                break;
            }
            object = close();
        }
        if (m_frames.empty()) {
            reference root(object);
            return m_from.bytes_left() == 0 ? root.give() : damaged_record();
        }
    }
}

bool decoder::load_leaves(PyObject* owner) {
    const reference buffers(load_buffers(owner));
    if (!buffers) {
        return false;
    }
    m_leaves = reference(unpickle_list(m_from.pickle(), m_from.pickle_has_references(), buffers.get()));
    if (!m_leaves) {
        return false;
    }
    if (!PyList_CheckExact(m_leaves.get()) ||
        PyList_GET_SIZE(m_leaves.get()) != static_cast<Py_ssize_t>(m_from.leaf_count())) {
        (void)damaged_record();
        return false;
    }
    return true;
}

PyObject* decoder::load_buffers(PyObject* owner) const {
    const std::uint32_t first = m_from.first_buffer();
    reference buffers(PyTuple_New(static_cast<Py_ssize_t>(m_from.payload_count() - first)));
    for (std::uint32_t i = first; buffers && i < m_from.payload_count(); ++i) {
        std::span<const std::byte> bytes;
        if (!m_from.payload(i, bytes)) {
            return damaged_record();
        }
        PyObject* const view = make_buffer_view(state::get().buffer_view_type, bytes.data(), bytes.size(), owner);
        if (view == nullptr) {
            return nullptr;
        }
        PyTuple_SET_ITEM(buffers.get(), static_cast<Py_ssize_t>(i - first), view);
    }
    return buffers.give();
}

PyObject* decoder::read_object() {
    tag what;
    if (!m_from.read(what)) {
        return nullptr;
    }
    if (what != tag::remember) {
        return read_tagged(what, k_not_remembered);
    }
    if (!m_from.read(what) || what == tag::remember || what == tag::same || m_memo.size() >= m_from.memo_count()) {
        return nullptr;
    }
    const auto memo = static_cast<std::uint32_t>(m_memo.size());
    m_memo.push_back(nullptr);
    PyObject* const object = read_tagged(what, memo);
    m_memo[memo] = object != nullptr ? Py_NewRef(object) : m_memo[memo];
    return object;
}

PyObject* decoder::read_tagged(tag what, std::uint32_t memo) {
    switch (what) {
    case tag::list:
    case tag::tuple:
    case tag::dict:
    case tag::set:
    case tag::frozenset:
        return open(what, memo);
    case tag::same: {
        std::uint64_t index = 0;
        return m_from.read_varint(index) && index < m_memo.size() ? Py_XNewRef(m_memo[index]) : nullptr;
    }
    case tag::leaf:
        return read_leaf();
    case tag::xlist:
        m_pause.end();
        return decode_scalar(m_from, what);
    default:
        return decode_scalar(m_from, what);
    }
}

PyObject* decoder::read_leaf() {
    std::uint64_t index = 0;
    // User code may have found the list and shortened it: its size is looked up each time.
    if (!m_from.read_varint(index) || !m_leaves ||
        index >= static_cast<std::uint64_t>(PyList_GET_SIZE(m_leaves.get()))) {
        return nullptr;
    }
    return Py_NewRef(PyList_GET_ITEM(m_leaves.get(), static_cast<Py_ssize_t>(index)));
}

PyObject* decoder::open(tag what, std::uint32_t memo) {
    std::size_t count = 0;
    if (!m_from.read_count(count, what == tag::dict ? 2 : 1)) {
        return nullptr;
    }
    // Each object takes a byte at least, in whatever container: lists in lists that all announce what is left of the
    // record would ask for its square.
    const std::size_t objects = what == tag::dict ? 2 * count : count;
    if (m_to_come - 1 + objects > m_from.bytes_left()) {
        return nullptr;
    }
    const auto size = static_cast<Py_ssize_t>(count);
    reference container(what == tag::list    ? PyList_New(size)
                        : what == tag::tuple ? PyTuple_New(size)
                        : what == tag::dict  ? PyDict_New()
                        : what == tag::set   ? PySet_New(nullptr)
                                             : PyFrozenSet_New(nullptr));
    if (!container || count == 0) {
        return container.give();
    }
    if (what == tag::list) {
        // Room for all, none there yet: who meets the list through a cycle finds a list, not null pointers.
        Py_SET_SIZE(reinterpret_cast<PyVarObject*>(container.get()), 0);
    }
    m_frames.push_back({nullptr, nullptr, objects, 0, memo, what});
    m_to_come += objects - 1;
    // A tuple is not referred to before it is complete, and PySet_Add wants the only reference to a frozenset.
    if (memo != k_not_remembered && what != tag::tuple && what != tag::frozenset) {
        m_memo[memo] = Py_NewRef(container.get());
    }
    m_frames.back().container = container.give();
    m_opened = true;
    return nullptr;
}

// Steals `object`. False with a Python error set.
bool decoder::attach(frame& to, PyObject* object) {
    switch (to.kind) {
    case tag::list: {
        const Py_ssize_t size = PyList_GET_SIZE(to.container);
        if (size < reinterpret_cast<PyListObject*>(to.container)->allocated) {
            PyList_SET_ITEM(to.container, size, object);
            Py_SET_SIZE(reinterpret_cast<PyVarObject*>(to.container), size + 1);
            return true;
        }
        // Only where user code, a key's __hash__ say, has got hold of the list and changed it.
        const reference item(object);
        return PyList_Append(to.container, object) == 0;
    }
    case tag::tuple:
        PyTuple_SET_ITEM(to.container, to.at++, object);
        return true;
    case tag::dict: {
        if (to.key == nullptr) {
            to.key = object;
            return true;
        }
        const reference key(std::exchange(to.key, nullptr));
        const reference value(object);
        return may_be_hashed(key.get()) && PyDict_SetItem(to.container, key.get(), object) == 0;
    }
    default: {
        const reference item(object);
        return may_be_hashed(object) && PySet_Add(to.container, object) == 0;
    }
    }
}

PyObject* decoder::close() {
    const frame finished = m_frames.back();
    m_frames.pop_back();
    if (finished.memo != k_not_remembered && m_memo[finished.memo] == nullptr) {
        m_memo[finished.memo] = Py_NewRef(finished.container);
    }
    return finished.container;
}

} // namespace

PyObject* decode(const std::byte* record, PyObject* owner) noexcept {
    record_reader from;
    if (!from.open(record)) {
        return damaged_record();
    }
    try {
        return decoder(from).run(owner);
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
}

} // namespace xpar::clone
