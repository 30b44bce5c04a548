// Large arrays of the user's, which C code can write to through their bare address, past every gate (ctypes, numba):
// their pages are read-only in contexts. The first write to a page faults; the page is copied, made writable, and the
// write goes on, for a C function cannot be stopped half way. When it returns to the interpreter the pages are put back
// and the error is raised, at the line that called it. Its ends, whose pages are others', too, are put back from
// copies.
#pragma once

#include <Python.h>

namespace xpar::guard {

// In a zygote: protects arrays and bytearrays that the user's modules hold, directly or in containers near by.
void protect_big_buffers() noexcept;

// In a context, when it has the handler of SIGSEGV that other faults are for.
void listen_to_writes() noexcept;

} // namespace xpar::guard
