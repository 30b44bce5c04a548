// Methods that CPython makes of slots, like list.__setitem__: each holds the slot's function, too. What calls that
// function is the same for all of a name, and kept in one table of the interpreter: gates are put there, so that a
// zygote writes to two pages instead of the 60 on which such methods lie with pandas loaded (protection_bench).
#pragma once

#include <Python.h>

namespace xpar::guard {

// In the main process: calls of `method` are to reach `gate` where its slot's function is `original`. False when what
// calls it is not in the table, or has to see the original: then the method itself must be written to.
bool lead_wrapper(const PyWrapperDescrObject& method, void* original, void* gate) noexcept;

// In a zygote.
void guard_slot_wrappers() noexcept;

} // namespace xpar::guard
