// What twins ask about what they are about to call: what it comes to, and what that would change. Methods and functions
// of C code are known by their rules (twin_rules.hpp), as in a patched interpreter; here they are found by what the
// callee is, at each call.
#pragma once

#include <Python.h>

#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/twin_rules.hpp"

#include <vector>

namespace xpar::guard {

// What a callee comes to, once bound methods and partial functions are taken apart.
struct call {
    rule of;
    std::vector<PyObject*> arguments; // positional, `self` first if it is bound; then keywords'
    Py_ssize_t positional = 0;
    PyObject* names = nullptr; // of the keywords, a tuple or null
    PyObject* function = nullptr;
    bool has_self = false;
};

// Does a call of it need a look at its arguments? Cheap for what is called most: functions in Python, and C functions
// that change nothing. `ready`: what looks at them, where it has been made already.
bool needs_look(PyObject* callee, PyObject** ready = nullptr) noexcept;

// Is there more to `object.name()` than a method in Python, or one in C that changes nothing of the main thread?
bool method_needs_look(PyObject* object, PyObject* name) noexcept;

// Fills in what `callee` comes to; `held` keeps what has been made for it. False when nothing is known of it.
bool take_apart(PyObject* callee, call& into, std::vector<reference>& held, int depth = 0) noexcept;

// True: it must not happen, and the error is set.
bool refuses_call(const call& of) noexcept;

// The value of a keyword, or null.
PyObject* keyword_of(const call& of, const char* name) noexcept;

} // namespace xpar::guard
