// Attributes as an object holds them. To look at an object must not run Python code of the user or of a library: a
// property, a `__getattr__` or a descriptor can take seconds, raise, or change what is looked at.
#pragma once

#include <Python.h>

#include "runtime/python/glue/reference.hpp"

namespace xpar::guard {

// False if reading `name` of objects of this type, by the default rules, could run a descriptor that is written in
// Python.
bool is_plain_attribute(PyTypeObject* type, PyObject* name) noexcept;

// The value that the instance, a member or getset of C code, or its class holds; empty where there is none, or where
// reading it could run Python code. Never sets an error.
reference plain_attribute(PyObject* object, PyObject* name) noexcept;
reference plain_attribute(PyObject* object, const char* name) noexcept;

} // namespace xpar::guard
