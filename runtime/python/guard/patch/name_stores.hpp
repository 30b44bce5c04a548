// What STORE_GLOBAL, STORE_NAME and STORE_DEREF do in a context: `global x; x = 1`, the statements of code given to
// exec, and stores to variables of an enclosing function. The evaluation loop has been made to run PRINT_EXPR for them,
// which hands the value over (interpreter.hpp). 7 ns more than the instruction takes (protection_bench).
#pragma once

#include <Python.h>

namespace xpar::guard {

// Does the store that the running instruction is, or refuses it; shows the value if the instruction is PRINT_EXPR.
// None, or null with an error set.
PyObject* store_or_display(PyObject* hook, PyObject* value) noexcept;

} // namespace xpar::guard
