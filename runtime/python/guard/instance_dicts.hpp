// The `__dict__` of an object of the main thread, when a context is the first to ask for it: CPython makes the dict
// then, from values that lie in the object, so it is memory of the context and yet the object's. Such dicts are
// adopted: known as not the context's own. And the other way round: an object of the context can be given a `__dict__`
// of the main thread. Annotations are made when somebody asks for them, too: of functions, and from 3.14 on of classes.
#pragma once

#include <Python.h>

#include "runtime/python/glue/context_allocator.hpp"

namespace xpar::guard {

// In a zygote. `probe`: an ordinary Python class, whose `__dict__` descriptor is everybody's.
bool watch_instance_dicts(PyTypeObject* probe) noexcept;

// The object whose `__dict__` it is; null for everything else. Borrowed.
PyObject* adopted_by(PyObject* dict) noexcept;

// Was it made by the main thread, or does it belong to what was?
inline bool is_of_main(PyObject* object) noexcept {
    return !is_context_object(object) || adopted_by(object) != nullptr;
}

// Its `__dict__`, if anybody has asked for it; none is made. Borrowed.
PyObject* dict_there_is(PyObject* object) noexcept;

// `object.name = dict` comes, through a descriptor of C code.
void note_dict_given(PyObject* object, PyObject* name, PyObject* dict) noexcept;

// Has an object of this context been given a `__dict__` that is the main thread's (g_borrows_dicts), and has this one?
// The dict; null for all others. Borrowed.
extern constinit bool g_borrows_dicts;
PyObject* borrowed_dict_of(PyObject* object) noexcept;

// `dict` is the `__dict__` of `object`: from here on it counts as that, if it was made here for an object of the main
// thread.
void adopt_dict(PyObject* object, PyObject* dict) noexcept;

} // namespace xpar::guard
