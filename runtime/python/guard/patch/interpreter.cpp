#include "runtime/python/guard/patch/interpreter.hpp"

#include "runtime/python/glue/compat.hpp"
#include "runtime/python/guard/patch/instruction_table.hpp"
#include "runtime/python/guard/patch/machine_code.hpp"
#include "runtime/python/guard/patch/own_stores.hpp"
#include "runtime/python/guard/patch/patches.hpp"

#include <internal/pycore_sysmodule.h>

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace xpar::guard {
namespace {

constexpr std::pair<int, int> k_detours[] = {
    {STORE_SUBSCR_DICT, STORE_SUBSCR},
    {STORE_GLOBAL, PRINT_EXPR},
    {STORE_NAME, PRINT_EXPR},
    {STORE_DEREF, PRINT_EXPR},
};

// How _PyObject_GenericSetAttrWithDict begins: it saves six registers and makes room on the stack, in as many bytes as
// the jump takes. They mean the same at any address, so they can be run elsewhere before jumping back behind them.
constexpr unsigned char k_prologue[] = {0x41, 0x57, 0x41, 0x56, 0x41, 0x55, 0x41, 0x54, 0x55, 0x53, 0x48, 0x83, 0xec};
static_assert(sizeof k_prologue + 1 == k_jump_bytes); // and one byte: how much room

// PRINT_EXPR's two calls come within so many bytes in Debian's builds: 64 in the executable, 59 in the library.
constexpr std::size_t k_most_bytes = 96;
// In place of the call that looks up the hook: `mov $1, %eax`, for what follows asks whether it is null.
constexpr unsigned char k_some_hook[] = {0xb8, 1, 0, 0, 0};
static_assert(sizeof k_some_hook == k_call_bytes);

// What is written over.
void** s_table = nullptr;
int s_stack_pointer = -1;
unsigned char* s_looks_up_hook = nullptr;
unsigned char* s_calls_hook = nullptr;
unsigned char* const k_sets_attribute = reinterpret_cast<unsigned char*>(&_PyObject_GenericSetAttrWithDict);
image_bytes s_table_bytes;
image_bytes s_calls_bytes;
image_bytes s_entry_bytes;

// Code of our own, or null.
struct code_page {
    unsigned char display[k_jump_bytes];        // to what is called instead of the hook
    unsigned char sets_attribute[k_jump_bytes]; // how the function begins whose entry is written over
    unsigned char goes_on[k_jump_bytes];        // to what follows that
    unsigned char own_stores[k_own_stores][k_look_bytes];
};
code_page* s_page = nullptr;
const void* s_setattr = nullptr;

unsigned char* find_call(unsigned char* from, unsigned char* end, const void* to) noexcept {
    while (from < end && !is_call(from, to)) {
        ++from;
    }
    return from < end ? from : nullptr;
}

bool find_calls_of_print_expr() noexcept {
    auto* const begin = static_cast<unsigned char*>(s_table[PRINT_EXPR]);
    unsigned char* const end = begin + k_most_bytes;
    s_looks_up_hook = find_call(begin, end, reinterpret_cast<const void*>(&_PySys_GetAttr));
    s_calls_hook = s_looks_up_hook == nullptr ? nullptr
                                              : find_call(s_looks_up_hook + k_call_bytes, end,
                                                          reinterpret_cast<const void*>(&PyObject_CallOneArg));
    return s_calls_hook != nullptr;
}

bool may_be_written() noexcept {
    s_table_bytes = {s_table, k_opcodes * sizeof(void*)};
    s_calls_bytes = {s_looks_up_hook, static_cast<std::size_t>(s_calls_hook - s_looks_up_hook) + k_call_bytes};
    s_entry_bytes = {k_sets_attribute, k_jump_bytes};
    return s_table_bytes.may_be_written() && s_calls_bytes.may_be_written() && s_entry_bytes.may_be_written();
}

bool make_page(display_function display) noexcept {
    unsigned char* const place = map_code_page(s_calls_hook);
    if (place == nullptr) {
        return false;
    }
    auto* const page = reinterpret_cast<code_page*>(place);
    write_jump(page->display, reinterpret_cast<const void*>(display));
    std::copy_n(k_sets_attribute, k_jump_bytes, page->sets_attribute);
    write_jump(page->goes_on, k_sets_attribute + k_jump_bytes);
    for (std::size_t i = 0; i < k_own_stores; ++i) {
        write_look(page->own_stores[i], k_all_own_stores[i], s_stack_pointer, s_table);
    }
    if (!finish_code_page(place)) {
        return false;
    }
    s_page = page;
    return true;
}

status write_table() noexcept {
    void* table[k_opcodes];
    std::copy_n(s_table, k_opcodes, table);
    for (const auto& [from, to] : k_detours) {
        table[from] = s_table[to];
    }
    for (std::size_t i = 0; i < k_own_stores; ++i) {
        table[k_all_own_stores[i].specialised] = s_page->own_stores[i];
    }
    return s_table_bytes.write(table);
}

status write_calls() noexcept {
    unsigned char code[k_most_bytes];
    std::copy(s_looks_up_hook, s_calls_hook + k_call_bytes, code);
    std::copy_n(k_some_hook, sizeof k_some_hook, code);
    write_call(code + (s_calls_hook - s_looks_up_hook), s_calls_hook, s_page->display);
    return s_calls_bytes.write(code);
}

status write_entry() noexcept {
    unsigned char jump[k_jump_bytes];
    write_jump(jump, s_setattr);
    return s_entry_bytes.write(jump);
}

} // namespace

generic_setattr_function g_original_setattr = _PyObject_GenericSetAttrWithDict;

const char* find_interpreter(generic_setattr_function setattr, display_function display) noexcept {
    if (s_page != nullptr) {
        return nullptr;
    }
    if ((Py_Version >> 8) != (k_compiled_for >> 8)) {
        return "it was built for another version of CPython";
    }
    s_table = find_instruction_table();
    if (s_table == nullptr) {
        return "the interpreter's table of instructions was not found (it was compiled in another way than Debian's)";
    }
    s_stack_pointer = find_stack_pointer(s_table);
    if (s_stack_pointer == -1 || !find_calls_of_print_expr() ||
        std::memcmp(k_sets_attribute, k_prologue, sizeof k_prologue) != 0) {
        return "the interpreter's machine code is not the expected (it was compiled in another way than Debian's)";
    }
    if (!may_be_written() || !make_page(display)) {
        return "this system does not let the interpreter be written to";
    }
    s_setattr = reinterpret_cast<const void*>(setattr);
    return nullptr;
}

// The table comes last: what it leads to is in place then.
status patch_interpreter() noexcept {
    if (g_original_setattr != _PyObject_GenericSetAttrWithDict) {
        return status::ok(); // a context inside a context
    }
    for (const auto write : {write_calls, write_entry, write_table}) {
        if (status written = write(); !written) {
            return written;
        }
    }
    g_original_setattr = reinterpret_cast<generic_setattr_function>(s_page->sets_attribute);
    return status::ok();
}

// The other forms store to objects without a dict, and to slots.
status look_at_all_stores_to_dicts() noexcept {
    void* table[k_opcodes];
    std::copy_n(s_table, k_opcodes, table);
    table[STORE_ATTR_WITH_HINT] = table[STORE_ATTR];
    return s_table_bytes.write(table);
}

} // namespace xpar::guard
