// Looking, after a work, for what it has changed of the user's objects past all gates: a container of the main thread
// that holds something the context has made. The search is Python code of the package (parallel.protection.escapes);
// this decides when.
#pragma once

#include <Python.h>

#include <cstdint>

namespace xpar::guard {

// `scan(seconds)`: a callable that looks for so long and returns None or a warning's text; kept for good.
void know_scan(PyObject* scan) noexcept;

// In a context, when a work has returned: now, if 0.25 s have passed since the last search, else at the context's end.
// Prints the warning on the work's stderr. Takes 2 % of the time, or 5 ms at the end.
void look_for_escapes_after_work(std::uint64_t began_ns) noexcept;
void look_for_escapes_at_end() noexcept;

// Functions of the extension module: does a container hold an object that this context has made? The dicts of the
// user's modules.
PyObject* holds_own(PyObject* module, PyObject* container) noexcept;
PyObject* user_namespaces(PyObject* module, PyObject* unused) noexcept;

} // namespace xpar::guard
