// `_core.xlist`: the interlocked list as a Python type. The public class (parallel/_xlist.py) adds what needs no speed.
#pragma once

#include <Python.h>

namespace xpar {

// Adds the type to the module and tells the clone codec how lists are cloned by reference. False with an error set.
bool add_xlist_type(PyObject* module);

} // namespace xpar
