// Which functions get a twin, and giving it to them: found and made in the main process, before a batch is forked; put
// in place in the zygote, whose copies of the functions nobody else sees. How a twin is made is the package's business
// (parallel/protection/twins).
#pragma once

#include <Python.h>

namespace xpar::guard {

// For `_core.guard_find_functions()`: functions that are alive, whose code is the user's, and that nobody has
// been told about with know_twin(). A list.
PyObject* find_functions(PyObject* module, PyObject* unused) noexcept;

// For `_core.guard_know_twin(code, twin)`: `twin` is a code object of the same shape, or None where there is none;
// `code` itself has its checks already.
PyObject* know_twin(PyObject* module, PyObject* arguments) noexcept;

// For `_core.guard_add_function(function)`: one of a library that is to get its twin as well.
PyObject* add_function(PyObject* module, PyObject* function) noexcept;

// For `_core.guard_twin_hooks(enter, source, compiled)`, what contexts call: enter() before the first work;
// source(text or code, is_expression, flags) and compiled(code, source, mode) return a code object, or None.
PyObject* set_twin_hooks(PyObject* module, PyObject* arguments) noexcept;

// For `_core.guard_is_users(path)`: is a file of that path the user's?
PyObject* is_users_path(PyObject* module, PyObject* path) noexcept;

// Is it the code of a twin?
bool is_twin(PyObject* code) noexcept;

// Whose a file is has changed.
void forget_files() noexcept;

// In a zygote.
void install_twins() noexcept;

// In a context, unarmed. False with an error set.
bool enter_twins() noexcept;

// The code that exec(source) is to run instead; null without an error where there is none. New reference.
PyObject* twin_of_source(PyObject* source, bool is_expression) noexcept;

// `code`, what compile(source, ..., mode) has returned, or its twin. New reference.
PyObject* twin_of_compiled(PyObject* code, PyObject* source, PyObject* mode) noexcept;

} // namespace xpar::guard
