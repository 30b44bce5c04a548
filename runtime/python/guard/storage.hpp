// Whose memory a view shows: an array, memoryview, flat iterator or object of ctypes that was made in the context can
// lie over data of the main thread.
#pragma once

#include <Python.h>

#include <cstddef>

namespace xpar::guard {

// When numpy is loaded.
void know_array_types(PyTypeObject* ndarray, PyTypeObject* flat_iterator, PyTypeObject* scalar) noexcept;

// Is it an array of numpy's over memory that `place` lies in?
bool array_shows(PyObject* object, const char* place) noexcept;

// A number of numpy's, which cannot be changed although it offers a buffer.
bool is_array_scalar(PyTypeObject* type) noexcept;

// Can objects of this type show memory of another object?
bool is_view_type(PyTypeObject* type) noexcept;

// Is it an array or bytearray whose memory is its own, and can be written? Of arrays that hold about `least` bytes or
// more: asking an array for its memory counts a reference, which copies its page.
bool owns_storage(PyObject* object, std::size_t least, void*& data, std::size_t& bytes) noexcept;

// The object at the end of the chain of bases; `object` itself when it is no view, or the end cannot be changed
// (bytes).
PyObject* owner_of_memory(PyObject* object) noexcept;

// The same of what items are stored to: of a pointer of ctypes, what it points to.
PyObject* owner_of_storage(PyObject* object) noexcept;

} // namespace xpar::guard
