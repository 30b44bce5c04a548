// The table through which CPython's evaluation loop jumps to an instruction.
#pragma once

namespace xpar::guard {

inline constexpr int k_opcodes = 256;

// In the image of the interpreter, found by what it must look like in CPython 3.11, never by an offset. Null if there
// is none, or more than one.
void** find_instruction_table() noexcept;

} // namespace xpar::guard
