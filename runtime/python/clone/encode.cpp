// The encoder: walks the object, pickles what the walk leaves over, lays the record out, writes it.
#include "runtime/python/clone/clone.hpp"

#include "runtime/python/clone/failure.hpp"
#include "runtime/python/clone/parts.hpp"
#include "runtime/python/clone/pickle_leaf.hpp"
#include "runtime/python/clone/record.hpp"
#include "runtime/python/clone/walk.hpp"
#include "runtime/python/glue/reference.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace xpar::clone {
namespace {

reference list_of(const std::vector<PyObject*>& objects) {
    reference list(PyList_New(static_cast<Py_ssize_t>(objects.size())));
    for (std::size_t i = 0; list && i < objects.size(); ++i) {
        PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), Py_NewRef(objects[i]));
    }
    return list;
}

template <class Struct>
std::byte* put_struct(std::byte* at, const Struct& value) noexcept {
    std::memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

std::byte* put_bytes(std::byte* at, const byte_sink& bytes) noexcept {
    if (bytes.size() != 0) {
        std::memcpy(at, bytes.data(), bytes.size());
    }
    return at + bytes.size();
}

} // namespace

struct encoder::implementation {
    record_parts parts;
    walk walker;
    leaf_pickler pickler;
    std::size_t leaf_count = 0; // in the pickled list; parts.leaves may be more
    std::size_t front_size = 0; // header, tables, body and pickle
    std::size_t size = 0;
    bool is_busy = false;

    bool collect(PyObject* root);
    bool collect_whole(PyObject* root);
    void lay_out();
    bool is_extended() const noexcept { return leaf_count != 0 || !parts.payloads.empty(); }
};

bool encoder::implementation::collect(PyObject* root) {
    parts.clear();
    switch (walker.run(root, parts)) {
    case walk::outcome::failed:
        return false;
    case walk::outcome::tuple_cycle:
        return collect_whole(root);
    case walk::outcome::done:
        break;
    }
    leaf_count = parts.leaves.size();
    if (leaf_count == 0) {
        return true;
    }
    const reference leaves = list_of(parts.leaves);
    PyObject* culprit = nullptr;
    switch (leaves ? pickler.run(leaves.get(), parts, walker, true, culprit) : pickled::failed) {
    case pickled::done:
        return true;
    case pickled::shared_container:
        return collect_whole(root);
    case pickled::failed:
        break;
    }
    set_cannot_clone(root, culprit);
    return false;
}

// Pickle does all of it: slower, and only as deep as its recursion goes, but every identity in the graph is kept.
bool encoder::implementation::collect_whole(PyObject* root) {
    parts.forget_record();
    leaf_count = 1;
    constexpr std::uint8_t first_leaf[] = {static_cast<std::uint8_t>(tag::leaf), 0};
    parts.body.append(first_leaf, sizeof first_leaf);
    const reference list = list_of({root});
    PyObject* culprit = nullptr;
    if (list && pickler.run(list.get(), parts, walker, false, culprit) == pickled::done) {
        return true;
    }
    set_cannot_clone(root, culprit);
    return false;
}

void encoder::implementation::lay_out() {
    front_size = sizeof(record_shm) + parts.body.size();
    if (is_extended()) {
        front_size += sizeof(record_extension_shm) + parts.payloads.size() * sizeof(payload_shm) + parts.pickle.size();
    }
    size = front_size;
    for (const payload_source& payload : parts.payloads) {
        size = round_up(size, k_payload_alignment) + payload.size;
    }
    std::sort(parts.references.begin(), parts.references.end());
    parts.references.erase(std::unique(parts.references.begin(), parts.references.end()), parts.references.end());
}

encoder::encoder() : m_implementation(std::make_unique<implementation>()) {}

encoder::~encoder() = default;

bool encoder::encode(PyObject* object) noexcept {
    implementation& self = *m_implementation;
    if (self.is_busy) {
        PyErr_SetString(PyExc_RuntimeError, "this encoder is encoding another object");
        return false;
    }
    self.is_busy = true;
    bool encoded = false;
    const reference kept = reference::to(object); // user code may drop the caller's
    try {
        encoded = self.collect(object);
        if (encoded) {
            self.lay_out();
        }
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    }
    self.walker.clear();
    self.is_busy = false;
    if (!encoded) {
        reset();
    }
    return encoded;
}

std::size_t encoder::size() const noexcept {
    return m_implementation->size;
}

bool encoder::has_payloads() const noexcept {
    return !m_implementation->parts.payloads.empty();
}

const std::vector<std::uint32_t>& encoder::references() const noexcept {
    return m_implementation->parts.references;
}

void encoder::write_to(std::byte* destination) const noexcept {
    const implementation& self = *m_implementation;
    const record_parts& parts = self.parts;
    const int flags =
        (self.is_extended() ? k_extended : 0) | (parts.pickle_has_references ? k_pickle_has_references : 0);
    std::byte* at =
        put_struct(destination, record_shm{self.size, parts.memo_count, k_magic, static_cast<std::uint16_t>(flags)});
    if (!self.is_extended()) {
        put_bytes(at, parts.body);
        return;
    }
    at = put_struct(at, record_extension_shm{parts.body.size(), parts.pickle.size(),
                                             static_cast<std::uint32_t>(self.leaf_count),
                                             static_cast<std::uint32_t>(parts.payloads.size()), parts.first_buffer, 0});
    std::size_t offset = self.front_size;
    for (const payload_source& payload : parts.payloads) {
        offset = round_up(offset, k_payload_alignment);
        at = put_struct(at, payload_shm{offset, payload.size});
        if (payload.size != 0) { // an empty array may have no address
            std::memcpy(destination + offset, payload.data, payload.size);
        }
        offset += payload.size;
    }
    put_bytes(put_bytes(at, parts.body), parts.pickle);
}

void encoder::reset() noexcept {
    implementation& self = *m_implementation;
    if (self.is_busy) {
        return; // a finalizer got here through the encode() that is running, which ends with this
    }
    self.is_busy = true;
    self.parts.clear();
    self.leaf_count = self.front_size = self.size = 0;
    self.is_busy = false;
}

} // namespace xpar::clone
