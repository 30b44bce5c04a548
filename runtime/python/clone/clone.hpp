// Cloning Python objects into flat records and back: what an xlist slot, a work's result or an argument is made of.
// Not for knowing where records live: the caller finds the memory, publishes it and keeps it alive.
// Every function needs the GIL. Wire format: record.hpp. What can be cloned, identity, failure rules: README.md.
#pragma once

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace xpar::clone {

// How xlists are cloned: by reference, as an id and the generation it had. Instances of subtypes of `type` count.
struct reference_hooks {
    PyTypeObject* type;                                               // borrowed; must outlive its use
    bool (*id_of)(PyObject* object, std::uint32_t& id);               // false: the object refers to no list
    PyObject* (*from_id)(std::uint32_t id, std::uint32_t generation); // new reference, or nullptr with an error
    std::uint32_t (*generation_of)(std::uint32_t id);
};

// Imports and caches what cloning needs; to be called before anything else here. False with a Python error set.
bool initialize();

// Until this is called no object is cloned by reference.
void set_reference_hooks(const reference_hooks& hooks);

// A value that needs no record: None, bool, int of up to 60 bits, float whose low 4 bits are 0, str of up to 7 ASCII
// characters, bytes of up to 7; exact types only. The slot always has bit 0 set, which no record offset has, and is
// never ~0 or ~0 - 2.
bool try_encode_inline(PyObject* object, std::uint64_t& slot) noexcept;

// New reference, or nullptr with an error (ValueError for a slot that try_encode_inline cannot have made).
PyObject* decode_inline(std::uint64_t slot) noexcept;

// Turns one object at a time into a record, in two steps, so that the caller can find memory of the right size between
// them. Reusable: keeps its scratch memory. Pickling runs user code, which may clone again: a second encoder is needed
// for that (encode() of a busy one fails with RuntimeError).
class encoder {
public:
    encoder();
    ~encoder();
    encoder(const encoder&) = delete;
    encoder& operator=(const encoder&) = delete;

    // False with a Python error set: ValueError for what cannot be cloned, MemoryError, or a BaseException user code
    // raised.
    bool encode(PyObject* object) noexcept;

    // The rest is valid after a successful encode() and until the next encode() or reset().
    std::size_t size() const noexcept;  // bytes write_to() covers
    bool has_payloads() const noexcept; // the destination must then be aligned to 64 bytes, else to 8
    // Large buffers are copied here, once, straight from the objects. Padding between payloads is left as it is.
    void write_to(std::byte* destination) const noexcept;
    // Ids of the xlists the record refers to, each once. The objects are held until reset(), so the ids are valid until
    // then.
    const std::vector<std::uint32_t>& references() const noexcept;

    void reset() noexcept; // drops the objects held

private:
    struct implementation;
    std::unique_ptr<implementation> m_implementation;
};

// New reference, or nullptr with an error: ValueError("damaged record") where the record contradicts itself, and
// whatever rebuilding an object raised. `owner` is kept alive by every buffer in the result that lies in the record
// itself.
PyObject* decode(const std::byte* record, PyObject* owner) noexcept;

} // namespace xpar::clone
