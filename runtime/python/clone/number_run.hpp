// Lists and tuples of nothing but ints of up to 8 bytes, or nothing but floats: written without a tag for each item, in
// a third of the time and less space. Private to the codec; needs the GIL, runs no Python code.
#pragma once

#include "runtime/python/clone/record_reader.hpp"
#include "runtime/python/clone/scratch.hpp"

#include <Python.h>

#include <cstddef>
#include <cstdint>

namespace xpar::clone {

inline constexpr Py_ssize_t k_shortest_run = 4; // from here on a run is never longer than its items one by one

// Appends the items (one at least) as a run that starts with the tag `what`; false, and nothing appended, if they are
// not one. Throws std::bad_alloc.
bool write_number_run(tag what, PyObject* const* items, Py_ssize_t count, byte_sink& to);

// New reference to a list or tuple, or nullptr: with a Python error set, or without one if the record is damaged.
PyObject* read_number_run(record_reader& from, bool as_list) noexcept;

} // namespace xpar::clone
