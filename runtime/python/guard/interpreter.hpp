// Two places in the interpreter's own image that a zygote rewrites, in its private copy of those pages. Instead of
// every code object and every type: there are thousands of those, and code that is compiled or becomes hot in a context
// is covered as well.
//
// - The table through which CPython's evaluation loop jumps to an instruction. The specialised forms of STORE_SUBSCR,
//   STORE_ATTR and list.append, which bypass the slots that gates stand in, are sent to the plain form; STORE_GLOBAL,
//   STORE_NAME and STORE_DEREF to PRINT_EXPR, which hands the value to a function of ours (name_stores.hpp).
// - The entry of _PyObject_GenericSetAttrWithDict, where nearly all stores to attributes end: a jump to our own. (The
//   tp_setattro of types, PyObject_GenericSetAttr, will not do: PyObject_SetAttr compares with its address and passes
//   it by.)
//
// Both are found by what they must look like in CPython 3.11, never by an offset; where they do not, nothing is
// written.
#pragma once

#include <Python.h>

#include "runtime/base/status.hpp"

namespace xpar::guard {

// In the main process, once: looks for both, and whether they could be written to; changes nothing. Null, or why this
// interpreter cannot be patched.
const char* find_interpreter() noexcept;

using generic_setattr_function = int (*)(PyObject* object, PyObject* name, PyObject* value, PyObject* dict);

// In a zygote, after that.
status patch_interpreter(generic_setattr_function setattr) noexcept;

// What the function was, for its replacement to go on to.
extern generic_setattr_function original_setattr;

// If not, every type needs a gate.
bool has_patched_setattr() noexcept;

} // namespace xpar::guard
