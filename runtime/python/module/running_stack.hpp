// The Python stack of another process of this interpreter, read from outside: it is not stopped and need not cooperate,
// so this works for one that hangs in C code, too. What is read is checked (types, lengths, a second look at the chain
// of frames), since the other goes on meanwhile. Needs the GIL, for the strings it makes.
#pragma once

#include <Python.h>

#include "runtime/memory/heap_walk.hpp"

namespace xpar {

// `thread`: where the other process has its thread's state. A list of (file, function, first line, line table,
// instruction, instructions), innermost call first, at most 500; None when it has none, or changed too fast to be read;
// null with an OSError when the memory cannot be read at all.
PyObject* read_stack(memory_reader& reader, const PyThreadState* thread);

} // namespace xpar
