// Protection as the rest of the engine sees it: what a zygote and a context call, and what the package tells it.
// Nothing here touches the main process: it is told the rules there and looks where it will have to write.
#pragma once

#include <Python.h>

#include <cstdint>

namespace xpar::guard {

// In a zygote, before it forks contexts: puts everything in place, still unarmed. Nothing when protection is off.
// `tasks` and `consumers`: the batch's.
void enter_zygote(PyObject* tasks, PyObject* consumers) noexcept;

// In a context that has a heap of its own, before its first work. From here on changes of what it has not made are
// refused. False with an error set, most likely a KeyboardInterrupt, which hits the Python code that is run for it.
bool enter_context() noexcept;

// What a context is to call for a callable that the batch was given: itself, or one that looks at what it would change.
// New reference; null with an error set.
PyObject* callee_of_work(PyObject* callable) noexcept;

// For `_core.call_for_user(callable, *args, **kwargs)`: functions of this package that run in a work call the user's by
// it. A method of C code has no frame of its own, and would be taken for called by theirs.
PyObject* call_for_user(PyObject* module, PyObject* const* arguments, Py_ssize_t count, PyObject* names) noexcept;

// In a context, after a work that began then: looks for changes that no gate has seen.
void after_work(std::uint64_t began_ns) noexcept;

// In a context that has no work left.
void leave_context() noexcept;

// Functions of the extension module.
PyObject* configure(PyObject* module, PyObject* arguments, PyObject* keywords) noexcept;
PyObject* set_projects(PyObject* module, PyObject* rules) noexcept;
PyObject* select_mode(PyObject* module, PyObject* arguments) noexcept;
PyObject* is_own(PyObject* module, PyObject* object) noexcept;
PyObject* facts(PyObject* module, PyObject* unused) noexcept;

// list of str: what was looked for in the modules that are imported, and not found there.
PyObject* missing(PyObject* module, PyObject* unused) noexcept;

// Batches from now on do without patches, as in an interpreter that is not the one compiled for: for tests of twins.
PyObject* force_twins(PyObject* module, PyObject* on) noexcept;

} // namespace xpar::guard
