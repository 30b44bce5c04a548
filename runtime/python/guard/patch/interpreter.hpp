// Three places in the interpreter's own image that a zygote rewrites, in its private copy of those pages. Instead of
// every code object and every type: there are thousands of those, and code that is compiled or becomes hot in a context
// is covered as well.
//
// - The table of instructions. The specialised forms of STORE_SUBSCR, STORE_ATTR and list.append bypass the slots that
//   gates stand in, and are looked at before they begin (own_stores.hpp); STORE_GLOBAL, STORE_NAME and STORE_DEREF are
//   sent to PRINT_EXPR.
// - The machine code of PRINT_EXPR, which takes a value off the stack, looks up sys.displayhook and calls it. Patched,
//   it calls a function of ours (name_stores.hpp).
// - The entry of _PyObject_GenericSetAttrWithDict, where nearly all stores to attributes end: a jump to our own. (The
//   tp_setattro of types, PyObject_GenericSetAttr, will not do: PyObject_SetAttr compares with its address and passes
//   it by.)
//
// All are found by what they must look like, never by an offset. Where one does not, the interpreter is not patched.
#pragma once

#include <Python.h>

#include "runtime/base/status.hpp"

namespace xpar::guard {

using generic_setattr_function = int (*)(PyObject* object, PyObject* name, PyObject* value, PyObject* dict);
// What PRINT_EXPR calls: it finds the instruction in the frame. `hook` is no object.
using display_function = PyObject* (*)(PyObject* hook, PyObject* value);

// In the main process: looks for the places, and whether they could be written to; changes none of them. Null, or why
// this interpreter cannot be patched.
const char* find_interpreter(generic_setattr_function setattr, display_function display) noexcept;

// In a zygote, after that.
status patch_interpreter() noexcept;

// What the function was, for its replacement to go on to.
extern generic_setattr_function g_original_setattr;

} // namespace xpar::guard
