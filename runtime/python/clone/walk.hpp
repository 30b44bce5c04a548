// First step of an encode: builtin scalars and containers, nested as deep as they like, become the body of a record;
// what they are not is collected as leaves for pickle (pickle_leaf.hpp). Only encoder uses it.
//
// Invariant everything here rests on: from run() to its return no Python code runs and no object the garbage collector
// knows is made. So the GIL stays put, nothing changes under the walk, pointers are borrowed, and a reference count of
// 1 means that the one place the walk came from is the only one: such an object needs no memo.
#pragma once

#include "runtime/python/clone/parts.hpp"
#include "runtime/python/clone/record.hpp"

#include <Python.h>

#include <cstdint>
#include <vector>

namespace xpar::clone {

class walk {
public:
    enum class outcome {
        done,
        tuple_cycle, // a tuple or frozenset contains itself: it cannot be rebuilt before its items are, pickle knows
                     // how
        failed,      // a Python error is set
    };

    // Fills `into`, which must be clear. Throws std::bad_alloc.
    outcome run(PyObject* root, record_parts& into);

    // Whether the last walk has entered this object in its memo: containers and strings that have more than one
    // reference.
    bool knows(PyObject* object) const noexcept { return m_memo.find(object) != pointer_map::k_absent; }
    // Which leaf of the last walk this object is, or pointer_map::k_absent.
    std::uint32_t leaf_index(PyObject* object) const noexcept { return m_leaf_of.find(object); }

    void clear() noexcept;

private:
    static constexpr std::uint32_t k_not_remembered = UINT32_MAX;

    struct frame {
        PyObject* container;
        PyObject* pending;  // value of a dict entry whose key is being walked
        Py_ssize_t at;      // index, or position of PyDict_Next and next_of_set
        std::uint32_t memo; // index, or k_not_remembered
        tag kind;
    };

    static PyObject* next_child(frame& of) noexcept;
    // Is what next_child() has just returned an object that its container finds by its hash?
    static bool is_key(const frame& of) noexcept {
        return of.kind == tag::dict ? of.pending != nullptr : of.kind == tag::set || of.kind == tag::frozenset;
    }
    outcome emit(PyObject* object);
    outcome open(PyObject* container, tag kind, Py_ssize_t count);
    bool emit_run(PyObject* container, tag kind, Py_ssize_t count);
    // True if the object is in the memo already and has been written as a reference to it.
    bool emit_same(PyObject* object, std::uint32_t& memo);

    void emit_int(PyObject* object);
    outcome emit_str(PyObject* object);
    outcome emit_binary(PyObject* object, tag kind, tag payload_kind, const char* data, Py_ssize_t size);
    outcome emit_other(PyObject* object);

    void put(tag what) { p_body->append_byte(static_cast<std::uint8_t>(what)); }
    template <class Value>
    void put_with(tag what, Value value);

    record_parts* p_parts = nullptr;
    byte_sink* p_body = nullptr; // of p_parts
    bool m_is_root = false;
    pointer_map m_memo;
    std::vector<std::uint8_t> m_closed; // by memo index: whether the object is complete
    pointer_map m_leaf_of;
    std::vector<frame> m_frames;
};

} // namespace xpar::clone
