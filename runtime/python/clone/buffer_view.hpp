// A Python object that exports a piece of a record as a read-only buffer and keeps the record's owner alive.
// Only decode() makes them; arrays that come out of a clone have one at the end of their chain of bases. Needs the GIL.
#pragma once

#include <Python.h>

#include <cstddef>

namespace xpar::clone {

// New type, or nullptr with an error.
PyTypeObject* make_buffer_view_type() noexcept;

// New reference to a memoryview of one, or nullptr with an error. Read-only: other readers see the same bytes.
PyObject* make_buffer_view(PyTypeObject* type, const std::byte* data, std::size_t size, PyObject* owner) noexcept;

} // namespace xpar::clone
