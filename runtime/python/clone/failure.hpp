// The error for what cannot be cloned: of which type it is, where in the object it was, and why pickle refused.
// Private to this folder; needs the GIL. Slow, and only for failures.
#pragma once

#include <Python.h>

namespace xpar::clone {

// Replaces the current error by ValueError("objects of type T cannot be pushed to xlists (in ...)") with it as
// __cause__. T is the type of `culprit`, or of `root` if that is nullptr. MemoryError and what is not an Exception
// (KeyboardInterrupt) stay as they are.
void set_cannot_clone(PyObject* root, PyObject* culprit) noexcept;

} // namespace xpar::clone
