// What the works of a batch call, as Python hands it over: one list with three entries for each work. A tuple for each
// would be one more object a work for Python's collector to visit.
#pragma once

#include <Python.h>

namespace xpar {

struct task { // borrowed
    PyObject* callable;
    PyObject* args; // tuple
    PyObject* kwds; // dict or null
};

inline Py_ssize_t task_count(PyObject* tasks) noexcept {
    return PyList_GET_SIZE(tasks) / 3;
}

inline task task_at(PyObject* tasks, Py_ssize_t index) noexcept {
    PyObject* const kwds = PyList_GET_ITEM(tasks, 3 * index + 2);
    return {PyList_GET_ITEM(tasks, 3 * index), PyList_GET_ITEM(tasks, 3 * index + 1), kwds == Py_None ? nullptr : kwds};
}

} // namespace xpar
