// Objects of ctypes: whose memory they show, and what writes to it.
#pragma once

#include <Python.h>

namespace xpar::guard {

// When ctypes is loaded. Objects of another layout than that of CPython 3.11 are taken for objects without memory.
void know_ctypes() noexcept;

// ctypes is loaded, and its objects have another layout.
bool is_ctypes_unknown() noexcept;

bool is_ctypes_data(PyTypeObject* type) noexcept;

// ctypes.byref(x)
bool is_reference_to_data(PyObject* object) noexcept;

// What holds the memory of this object, one step on: the structure that it is a field of, the buffer that it was made
// from, what the pointer points to of which it is the contents. Borrowed; null when it holds its memory itself, or
// nobody knows.
PyObject* holder_of_data(PyObject* object) noexcept;

// The same of what a pointer points to; for others than pointers, of themselves.
PyObject* holder_of_target(PyObject* object) noexcept;

// Called for every setter that writes to the memory of objects of such a type.
using setter_place = void (*)(setter& place, void* context);
void each_data_setter(PyTypeObject* type, setter_place visit, void* context) noexcept;

// In a zygote: ctypes.memmove() and memset() look at whose memory it is.
void guard_memory_functions() noexcept;

} // namespace xpar::guard
