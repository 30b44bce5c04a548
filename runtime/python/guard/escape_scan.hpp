// Looking, after a work, for what it has changed of the user's objects past all gates: a container of the main thread that holds
// something the context has made. The search is Python code of the package (parallel.protection.escapes); this decides when.
#pragma once

#include <Python.h>

#include <cstdint>

namespace xpar::guard {

// `scan(seconds)`: a callable that looks for so long and returns None or a warning's text; kept for good.
void know_scan(PyObject* scan) noexcept;

// In a context, when a work that began at `began_ns` has returned; prints the warning on the work's stderr. Takes 2 % of the work's
// time, or 5 ms of works that follow each other fast, but not of each.
void look_for_escapes(std::uint64_t began_ns) noexcept;

// Function of the extension module: does a container hold an object that this context has made?
PyObject* holds_own(PyObject* module, PyObject* container) noexcept;

} // namespace xpar::guard
