// What source twins ask before a statement changes something (parallel/protection/twins): the questions that gates ask
// in a patched interpreter, put to an object, a callee or a name. They are functions that stand as constants in the
// code of twins, so the frame they are called from is the user's.
//
// Each returns what it was given, or fails as a gate does. For an object of the context: one comparison and the call.
#pragma once

#include <Python.h>

#include <string_view>

namespace xpar::guard {

// A class with every special method in Python: its slots are CPython's ways into Python code.
void know_probe(PyTypeObject* probe) noexcept;

// Of an object that a statement or a call is about to change. True: it must not happen, and the error is set.
// `is_slot`: by the slot of a type in C itself, whatever a subclass has in Python.
bool refuses_attribute(PyObject* object, PyObject* name, bool is_slot = false) noexcept;
bool refuses_item(PyObject* object, bool is_slot = false) noexcept;
// `operation`: numbered as in parallel/protection/twins/rewriting.py
bool refuses_in_place(PyObject* object, int operation, bool is_slot = false) noexcept;
bool refuses_advance(PyObject* object, bool is_slot = false) noexcept; // next(), `for`, `await`
bool refuses_output(PyObject* object) noexcept;                        // out=, a tuple stands for its items
bool refuses_init(PyObject* object) noexcept;                          // a second one replaces what is in the object
bool refuses_missing(PyObject* object, PyObject* key) noexcept;        // object[key] of a defaultdict makes an item
bool is_default_dict(PyObject* object) noexcept;

// The number of "__iadd__" and its like; -1 for other names.
int in_place_operation(std::string_view name) noexcept;

// `object.__dict__` or `object.__annotations__`: one that a context is the first to ask for counts as its object. New
// reference.
PyObject* dict_of_object(PyObject* object, const char* name) noexcept;

// For `_core.guard_twin_checks`: name -> function or object, for the constants of twins. New reference.
PyObject* twin_checks(PyObject* module, PyObject* unused) noexcept;

} // namespace xpar::guard
