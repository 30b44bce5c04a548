// `del x` of a global variable, or of one of an enclosing function. No instruction could take the place of
// DELETE_GLOBAL as PRINT_EXPR does for stores: none leaves the stack as it is and calls something. So code that deletes
// globals is rewritten, in a zygote: the name it deletes becomes a str whose hash, which the dict asks for first, is
// where the question is put. DELETE_DEREF asks nobody: DELETE_GLOBAL takes its place, and the name's hash does what it
// did.
//
// Code is looked for where users keep it: functions and classes of their modules, what decorators wrap, and the works
// themselves.
#pragma once

#include <Python.h>

namespace xpar::guard {

// In the main process, once; false with an error set.
bool make_deleted_name_types() noexcept;

// In a zygote. `tasks`: see glue/tasks.hpp; `consumers`: list of (xlist, callable).
void guard_deletes(PyObject* tasks, PyObject* consumers) noexcept;

} // namespace xpar::guard
