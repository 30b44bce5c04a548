// May the running code change an object that was not made in this context? Asked by gates once they have found that it
// was not.
//
// The user's code may not. Library code may change what libraries hold (caches, registries), and what exact rules let
// it.
#pragma once

#include <Python.h>

#include "runtime/python/glue/frame.hpp"
#include "runtime/python/guard/gate.hpp"

namespace xpar::guard {

// `error`: the exception class; `describe(object, operation, name)` makes the message; `exempt`: frozenset of
// "module:qualname" that may do anything; `mutators`: frozenset of names of methods that change their object; all kept
// for good.
void know_rules(PyObject* error, PyObject* describe, PyObject* exempt, PyObject* mutators) noexcept;

bool is_armed() noexcept;
void arm(bool on) noexcept;

// True: it must not happen, and the error is set. `name`: of the attribute, or null.
bool refuses_change(PyObject* object, change kind, const char* operation, PyObject* name) noexcept;

// For a write to memory of `object` that has happened, on its way back into the interpreter.
bool refuses_write(PyObject* object) noexcept;

// The same for a name of `owner` (the dict of a module, or a cell) that a frame is about to bind or delete.
bool refuses_binding(PyObject* owner, PyObject* name, const char* operation) noexcept;

// The user's code has a method of a library in Python, `called`, work on `object`, where what it does is not looked at.
// It is taken at its name; `says_so`: the call itself says that it changes the object.
bool refuses_library_method(PyObject* object, PyObject* called, const char* operation, bool says_so = false) noexcept;

// While it lives, what this package's innermost frame calls counts as called by the user.
class calling_for_user {
public:
    calling_for_user() noexcept;
    ~calling_for_user();
    calling_for_user(const calling_for_user&) = delete;
    calling_for_user& operator=(const calling_for_user&) = delete;

private:
    const frame m_frame;
    const frame* const p_before;
};

// Off for the length of a scope: our own code is at work.
class unguarded {
public:
    unguarded() noexcept : m_was_armed(is_armed()) { arm(false); }
    ~unguarded() { arm(m_was_armed); }
    unguarded(const unguarded&) = delete;
    unguarded& operator=(const unguarded&) = delete;

private:
    bool m_was_armed;
};

} // namespace xpar::guard
