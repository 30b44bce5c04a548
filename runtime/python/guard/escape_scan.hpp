// Looking, after a work, for what it has changed of the user's objects past all gates: a container of the main thread
// that holds something the context has made (escape_walk.hpp). Here is when, and for how long.
#pragma once

#include <Python.h>

#include <cstdint>

namespace xpar::guard {

// `warning(found)`: a callable that makes a warning's text of what find_escapes() returns; kept for good.
void know_escape_warning(PyObject* warning) noexcept;

// In a context, when a work has returned: now, if 0.1 s have passed since the last search, else at the context's end.
// Prints the warning on the work's stderr. Takes 2 % of the time, or 2 ms at the end.
void look_for_escapes_after_work(std::uint64_t began_ns) noexcept;
void look_for_escapes_at_end() noexcept;

} // namespace xpar::guard
