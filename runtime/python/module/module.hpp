// The extension module `parallel._core`. The Python package above it is the public face.
#pragma once

#include <Python.h>

namespace xpar {

// New reference to the module's definition, as PyInit returns it.
PyObject* make_module();

} // namespace xpar
