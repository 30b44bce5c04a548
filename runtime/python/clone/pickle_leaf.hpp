// Everything the codec has no records of its own for goes through pickle, protocol 5, with big buffers out of band.
// One pickler per encode, so that leaves share what they share. Private to this folder; needs the GIL.
#pragma once

#include "runtime/python/clone/parts.hpp"
#include "runtime/python/clone/state.hpp"
#include "runtime/python/clone/walk.hpp"
#include "runtime/python/glue/reference.hpp"

#include <Python.h>

#include <cstddef>
#include <span>

namespace xpar::clone {

// Fills the pickle half of the state. False with a Python error set.
bool make_pickle_types(state& s) noexcept;

enum class pickled {
    done,
    // A leaf refers to a container the walk has written itself: pickled apart they would no longer be one object.
    shared_container,
    failed, // a Python error is set
};

// Reused from one encode to the next: making a pickler takes as long as pickling a small array.
class leaf_pickler {
public:
    // Pickles the list `objects` into parts.pickle; buffers become payloads, xlists references.
    // `walked` tells leaves from what is inside them; with `detect_sharing`, also which containers are the body's.
    // `culprit` is set to the leaf that was being pickled when it failed: borrowed from `walked`'s leaves, or nullptr.
    pickled run(PyObject* objects, record_parts& parts, const walk& walked, bool detect_sharing, PyObject*& culprit);

private:
    bool prepare() noexcept;
    void forget() noexcept;

    reference m_sink; // its file
    reference m_dump; // bound methods of the pickler
    reference m_clear_memo;
};

// New reference to the list, or nullptr with an error. `buffers` (a tuple) is what the pickle finds out of band.
PyObject* unpickle_list(std::span<const std::byte> pickle, bool has_references, PyObject* buffers) noexcept;

} // namespace xpar::clone
