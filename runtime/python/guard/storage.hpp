// Whose memory a view shows: an array, memoryview or flat iterator that was made in the context can lie over data of the main thread.
#pragma once

#include <Python.h>

namespace xpar::guard {

// In a zygote, when numpy is loaded; null when it is not.
void know_array_type(PyTypeObject* ndarray, PyTypeObject* flat_iterator) noexcept;

// Can objects of this type show memory of another object?
bool is_view_type(PyTypeObject* type) noexcept;

// The object at the end of the chain of bases; `object` itself when it is no view, or the end cannot be changed (bytes).
PyObject* owner_of_storage(PyObject* object) noexcept;

} // namespace xpar::guard
