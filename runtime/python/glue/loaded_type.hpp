// Types of modules that may not have been imported, and the modules that define them; nothing is imported to ask.
#pragma once

#include <Python.h>

#include <cstring>

namespace xpar {

// Borrowed; null when there is no such module yet, or no such type in it.
inline PyTypeObject* loaded_type(const char* module_name, const char* name) noexcept {
    PyObject* const module = PyDict_GetItemString(PyImport_GetModuleDict(), module_name);
    const bool is_there = module != nullptr && PyModule_Check(module);
    PyObject* const type = is_there ? PyDict_GetItemString(PyModule_GetDict(module), name) : nullptr;
    return type != nullptr && PyType_Check(type) ? reinterpret_cast<PyTypeObject*>(type) : nullptr;
}

// The extension module that defines `type`, under whatever name it was imported: numpy.core became numpy._core.
// Borrowed; null when there is none.
inline PyObject* defining_extension(PyTypeObject* type) noexcept {
    const char* const dot = std::strrchr(type->tp_name, '.');
    const char* const name = dot != nullptr ? dot + 1 : type->tp_name;
    PyObject* key = nullptr;
    PyObject* module = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(PyImport_GetModuleDict(), &at, &key, &module) != 0;) {
        const bool is_extension = PyModule_Check(module) && PyModule_GetDef(module) != nullptr;
        if (is_extension && PyDict_GetItemString(PyModule_GetDict(module), name) == reinterpret_cast<PyObject*>(type)) {
            return module;
        }
    }
    PyErr_Clear();
    return nullptr;
}

} // namespace xpar
