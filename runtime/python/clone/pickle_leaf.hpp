// Everything the codec has no records of its own for goes through pickle, protocol 5, with big buffers out of band.
// One pickler per encode, so that leaves share what they share. Private to this folder; needs the GIL.
#pragma once

#include "runtime/python/clone/parts.hpp"
#include "runtime/python/clone/state.hpp"
#include "runtime/python/clone/walk.hpp"

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

// Pickles the list `objects` into parts.pickle; buffers become payloads, xlists references.
// `walked` tells leaves from what is inside them; with `detect_sharing`, also which containers are the body's.
// `culprit` is set to the leaf that was being pickled when it failed: borrowed from `walked`'s leaves, or nullptr.
pickled pickle_list(PyObject* objects, record_parts& parts, const walk& walked, bool detect_sharing,
                    PyObject*& culprit);

// New reference to the list, or nullptr with an error. `buffers` (a tuple) is what the pickle finds out of band.
PyObject* unpickle_list(std::span<const std::byte> pickle, bool has_references, PyObject* buffers) noexcept;

} // namespace xpar::clone
