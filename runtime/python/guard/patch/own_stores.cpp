#include "runtime/python/guard/patch/own_stores.hpp"

#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/guard/patch/machine_code.hpp"

#include <opcode.h>

#include <cstdint>
#include <cstring>

namespace xpar::guard {

// Not STORE_SUBSCR_DICT: a dict that was made here may be the `__dict__` of an object of the main thread.
const own_store k_all_own_stores[k_own_stores] = {
    {STORE_ATTR_INSTANCE_VALUE, 1, STORE_ATTR}, {STORE_ATTR_SLOT, 1, STORE_ATTR},
    {STORE_ATTR_WITH_HINT, 1, STORE_ATTR},      {STORE_SUBSCR_LIST_INT, 2, STORE_SUBSCR},
    {PRECALL_NO_KW_LIST_APPEND, 2, PRECALL},
};

namespace {

// Handlers of these begin by loading TOP.
constexpr int k_load_top[] = {STORE_ATTR_INSTANCE_VALUE, STORE_ATTR_SLOT, STORE_ATTR_WITH_HINT, STORE_SUBSCR_LIST_INT};

constexpr unsigned char k_slot_bytes = sizeof(void*);

// `mov -8(%base), %register`: a prefix, the operation, which registers, the distance. %rsp and %r12 are encoded in
// another way, and not understood.
int base_of_load(const unsigned char* code) noexcept {
    const bool is_load = (code[0] & 0xfa) == 0x48 && code[1] == 0x8b && (code[2] & 0xc0) == 0x40 &&
                         (code[2] & 7) != 4 && code[3] == static_cast<unsigned char>(-k_slot_bytes);
    return is_load ? (code[2] & 7) + ((code[0] & 1) != 0 ? 8 : 0) : -1;
}

class code_writer {
public:
    explicit code_writer(unsigned char* at) noexcept : p_at(at) {}

    template <class... Bytes>
    void bytes(Bytes... each) noexcept {
        ((*p_at++ = static_cast<unsigned char>(each)), ...);
    }

    void address(const void* of) noexcept {
        std::memcpy(p_at, &of, sizeof of);
        p_at += sizeof of;
    }

    void distance(const void* to) noexcept {
        const std::int32_t value = distance_to(p_at + sizeof(std::int32_t), to);
        std::memcpy(p_at, &value, sizeof value);
        p_at += sizeof value;
    }

private:
    unsigned char* p_at;
};

} // namespace

int find_stack_pointer(void* const* instruction_table) noexcept {
    int found = -1;
    for (const int opcode : k_load_top) {
        const int base = base_of_load(static_cast<const unsigned char*>(instruction_table[opcode]));
        if (base == -1 || (found != -1 && base != found)) {
            return -1;
        }
        found = base;
    }
    return found;
}

// No register and nothing on the processor's stack is other than before when the handler is entered; only flags, which
// no handler expects anything of.
void write_look(unsigned char* at, const own_store& of, int stack_pointer, void* const* instruction_table) noexcept {
    code_writer code(at);
    code.bytes(0x50, 0x51); // push %rax; push %rcx
    code.bytes(0x48, 0xb9); // movabs $g_context_objects, %rcx
    code.address(&g_context_objects);
    // mov of the object on the stack, %rax
    code.bytes(0x48 + (stack_pointer >= 8 ? 1 : 0), 0x8b, 0x40 + (stack_pointer & 7), -of.on_stack * k_slot_bytes);
    static_assert(offsetof(context_range, begin) == 0 && offsetof(context_range, bytes) == 8);
    code.bytes(0x48, 0x2b, 0x01);       // sub (%rcx), %rax
    code.bytes(0x48, 0x3b, 0x41, 0x08); // cmp 8(%rcx), %rax
    code.bytes(0x59, 0x58);             // pop %rcx; pop %rax
    code.bytes(0x0f, 0x82);             // jb
    code.distance(instruction_table[of.specialised]);
    code.bytes(0xe9); // jmp
    code.distance(instruction_table[of.plain]);
}

} // namespace xpar::guard
