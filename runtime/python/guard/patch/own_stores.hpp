// The specialised forms of STORE_ATTR, STORE_SUBSCR and list.append: they bypass the slots that gates stand in. In a
// context each is entered through a few instructions of ours, which look whether the object that is to be changed was
// made in this context, and send all others to the plain form. An own object's stores so cost what they cost without
// protection, and 2 ns (protection_bench; 7 to 20 ns when all of them took the plain form).
#pragma once

#include <cstddef>

namespace xpar::guard {

// An instruction, where the object lies on the stack of values (TOP is 1), and the plain form.
struct own_store {
    int specialised;
    int on_stack;
    int plain;
};

inline constexpr std::size_t k_own_stores = 5;
extern const own_store k_all_own_stores[k_own_stores];

// Which register of the processor is the stack's pointer in this build, as the beginnings of handlers that first take
// something off it tell; -1 where they begin in another way or do not agree.
int find_stack_pointer(void* const* instruction_table) noexcept;

inline constexpr std::size_t k_look_bytes = 48;
// Code for `of`, to run at `at`: in reach of the handlers in the table.
void write_look(unsigned char* at, const own_store& of, int stack_pointer, void* const* instruction_table) noexcept;

} // namespace xpar::guard
