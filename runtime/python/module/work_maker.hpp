// Objects of the Python class `Work`, made with their slots filled: the call of a type and of its __init__ takes three
// times as long, for each of a million works.
#pragma once

#include <Python.h>

namespace xpar {

// know_works(cls, unread): the class, whose slots are those of `work_slot`, and what stands for a result that has not
// been read.
PyObject* know_works(PyObject* module, PyObject* arguments) noexcept;

// What such a work knows at first; all borrowed.
struct new_work {
    PyObject* id;
    PyObject* name;
    PyObject* cell;
    PyObject* engine;
    PyObject* index; // among the works that are pending, or -1
};

// Not tracked by Python's collector (see Work._attach). A new reference, or null with an error.
PyObject* make_work(const new_work& with) noexcept;

// make_work(id, name, cell, engine)
PyObject* python_make_work(PyObject* module, PyObject* const* values, Py_ssize_t count) noexcept;

// name_of(callable): what a work that calls it is named when nothing else was said; never empty.
PyObject* name_of(PyObject* module, PyObject* callable) noexcept;

// assign_batch(works, batch): each of the list is number so and so of that batch.
PyObject* assign_batch(PyObject* module, PyObject* const* arguments, Py_ssize_t count) noexcept;

// with_attributes(works): the positions of those that have attributes beside their slots; of the others there is
// nothing more to know.
PyObject* with_attributes(PyObject* module, PyObject* works) noexcept;

} // namespace xpar
