// What a zygote rewrites of the interpreter: its machine code, the slots of types, and code objects that delete names.
// Of CPython 3.11 only; others have no_patches.cpp, and twins.
#pragma once

#include "runtime/base/status.hpp"
#include "runtime/python/glue/compat.hpp"

namespace xpar::guard {

inline constexpr bool k_has_patches = k_is_311;

// In the main process: looks for the places, changes nothing. Null, or why this interpreter cannot be patched; also
// null where there are no patches.
const char* find_patches() noexcept;

// In the main process, before a batch is forked. `probe`: a Python class with all special methods. How many slots could
// not be given a gate.
int find_type_slots(PyTypeObject* probe) noexcept;

// In a zygote. `tasks`: see glue/tasks.hpp; `consumers`: list of (xlist, callable).
status apply_patches(PyObject* tasks, PyObject* consumers) noexcept;

// In a context, where objects of its own have been given dicts of the main thread: their stores take the plain form,
// too. Fails where the work has had the system forbid it.
status look_at_all_stores_to_dicts() noexcept;

} // namespace xpar::guard
