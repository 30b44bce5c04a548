// The Python error that is set, taken out as an exception object. Under the GIL.
#pragma once

#include "runtime/python/glue/reference.hpp"

namespace xpar {

// Clears the error; the exception has its traceback. Null when none is set.
inline reference take_exception() noexcept {
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != nullptr) {
        (void)PyException_SetTraceback(value, traceback);
    }
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return reference(value);
}

} // namespace xpar
