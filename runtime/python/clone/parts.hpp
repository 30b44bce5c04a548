// What encoding one object collects before its record can be written, and how long it holds on to Python objects.
// Process-private; shared by the steps of encoder::encode() only. Needs the GIL.
#pragma once

#include "runtime/python/clone/scratch.hpp"

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xpar::clone {

// Bytes of a live object that write_to() copies: held, or exported, so that they stay where they are.
struct payload_source {
    const void* data;
    std::size_t size;
};

struct record_parts {
    byte_sink body;
    byte_sink pickle;
    std::vector<PyObject*> leaves; // strong: user code that runs while they are pickled may drop them
    std::vector<payload_source> payloads;
    std::uint32_t first_buffer = 0; // payloads from here on belong to the pickle
    std::uint32_t memo_count = 0;
    bool pickle_has_references = false;
    std::vector<std::uint32_t> references; // ids of xlists
    std::vector<PyObject*> held;           // strong: owners of payloads, xlists
    std::vector<Py_buffer> exports;        // of objects that may be resized otherwise

    record_parts() = default;
    record_parts(const record_parts&) = delete;
    record_parts& operator=(const record_parts&) = delete;
    ~record_parts() { clear(); }

    void hold(PyObject* object) {
        held.push_back(object);
        Py_INCREF(object);
    }

    void add_leaf(PyObject* object) {
        leaves.push_back(object);
        Py_INCREF(object);
    }

    // A payload of an immutable object. Returns its index.
    std::uint32_t add_held_payload(PyObject* object, const void* data, std::size_t size) {
        payloads.reserve(payloads.size() + 1);
        hold(object);
        payloads.push_back({data, size});
        return static_cast<std::uint32_t>(payloads.size() - 1);
    }

    // A payload of an object that exports contiguous memory, in whatever order. False with a Python error set.
    bool add_exported_payload(PyObject* object) {
        exports.reserve(exports.size() + 1);
        payloads.reserve(payloads.size() + 1);
        Py_buffer view;
        // Strides are asked for, or arrays in Fortran order refuse; a format is not, or those of datetime64 do.
        if (PyObject_GetBuffer(object, &view, PyBUF_STRIDES) != 0) {
            return false;
        }
        exports.push_back(view);
        payloads.push_back({view.buf, static_cast<std::size_t>(view.len)});
        return true;
    }

    // Releasing may run finalizers, which may be user code: what they release is out of the vectors before.
    void clear() noexcept {
        forget_record();
        release(leaves);
    }

    // Back to the start, but for the leaves, which stay held.
    void forget_record() noexcept {
        body.clear();
        pickle.clear();
        recycle(payloads);
        recycle(references);
        first_buffer = memo_count = 0;
        pickle_has_references = false;
        release(held);
        while (!exports.empty()) {
            Py_buffer view = exports.back();
            exports.pop_back();
            PyBuffer_Release(&view);
        }
    }

private:
    static void release(std::vector<PyObject*>& objects) noexcept {
        while (!objects.empty()) {
            PyObject* const last = objects.back();
            objects.pop_back();
            Py_DECREF(last);
        }
        recycle(objects);
    }
};

} // namespace xpar::clone
