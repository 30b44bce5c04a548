// Types of modules that may not have been imported; nothing is imported to ask.
#pragma once

#include <Python.h>

namespace xpar {

// Borrowed; null when there is no such module yet, or no such type in it.
inline PyTypeObject* loaded_type(const char* module_name, const char* name) noexcept {
    PyObject* const module = PyDict_GetItemString(PyImport_GetModuleDict(), module_name);
    const bool is_there = module != nullptr && PyModule_Check(module);
    PyObject* const type = is_there ? PyDict_GetItemString(PyModule_GetDict(module), name) : nullptr;
    return type != nullptr && PyType_Check(type) ? reinterpret_cast<PyTypeObject*>(type) : nullptr;
}

} // namespace xpar
