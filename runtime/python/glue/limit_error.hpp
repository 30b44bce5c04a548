// What an allocation raises that the limit of a context's heap has refused: HeapLimitError, at the line that asked. In
// a context only, under the GIL.
//
// C code that gets no memory calls PyErr_NoMemory(). The interpreter keeps MemoryErrors for it that were made before;
// the next one is given another type. It is raised by whoever makes the next MemoryError: so after each refusal, and
// never twice.
#pragma once

#include <Python.h>

namespace xpar {

// `type`: a subclass of MemoryError that adds nothing to an instance; borrowed, kept for good. Where the interpreter
// does not keep MemoryErrors, nothing is prepared, and a work's MemoryError becomes a HeapLimitError when the work has
// ended.
void know_limit_error(PyObject* type) noexcept;

// An allocation has been refused. Keeps the error that is set, if any.
void prepare_limit_error() noexcept;

// Between two works: nobody has raised what was prepared, and nobody shall.
void forget_limit_error() noexcept;

} // namespace xpar
