// Gates in the slots of types: C code that changes objects is reached through them, from every instruction and every C
// caller of the abstract API. Slots that lead to a method written in Python are left alone: what that does is judged
// when it does it.
#pragma once

#include <Python.h>

namespace xpar::guard {

// In the main process, before a batch is forked: notes what a zygote will have to write; changes nothing. `probe`: a
// Python class with all special methods, whose slots are CPython's ways into Python code. How many slots could not be
// given a gate.
int find_type_slots(PyTypeObject* probe) noexcept;

// In a zygote.
void guard_type_slots() noexcept;

// What _PyObject_GenericSetAttrWithDict is in a context.
int set_attribute(PyObject* object, PyObject* name, PyObject* value, PyObject* dict) noexcept;

} // namespace xpar::guard
