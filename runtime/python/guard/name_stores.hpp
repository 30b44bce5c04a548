// What STORE_GLOBAL, STORE_NAME and STORE_DEREF do in a context: `global x; x = 1`, the statements of code given to
// exec, and stores to variables of an enclosing function. The evaluation loop has been made to run PRINT_EXPR for them
// (interpreter.hpp): it takes the value off the stack and calls sys.displayhook with it, which is ours, finds the
// instruction in the frame, and does the store or refuses it. 30 ns instead of 3 (protection_bench).
#pragma once

#include <Python.h>

namespace xpar::guard {

// In the main process, once; false with an error set.
bool make_store_hook() noexcept;

// In a zygote: sys.displayhook is the hook from here on; what it was is called for what is none of these instructions.
bool install_store_hook() noexcept;

// Assigning to sys.displayhook in a context sets what the hook passes on to. True when `object` and `name` are that.
bool takes_displayhook(PyObject* object, PyObject* name, PyObject* value) noexcept;

} // namespace xpar::guard
