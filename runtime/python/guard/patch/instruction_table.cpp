#include "runtime/python/guard/patch/instruction_table.hpp"

#include <Python.h>

#include <elf.h>
#include <link.h>
#include <opcode.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace xpar::guard {
namespace {

// What is undefined in 3.11 jumps to one place, `unknown opcode`; all else to places of its own. No other table looks
// like that.
constexpr int k_first_undefined = 181;
constexpr int k_last_undefined = 254;
static_assert(STORE_SUBSCR_LIST_INT == 170 && STORE_ATTR_WITH_HINT == 159 &&
              UNPACK_SEQUENCE_TWO_TUPLE < k_first_undefined && DO_TRACING > k_last_undefined);
// Identical handlers may have been folded into one; in Debian's builds all are distinct.
constexpr int k_least_handlers = 170;

struct image {
    std::uintptr_t text_begin = 0;
    std::uintptr_t text_end = 0;
    std::pair<std::uintptr_t, std::uintptr_t> data[8]; // readable segments without code
    int data_count = 0;
};

// Of the library or executable that holds the evaluation loop.
int read_image(dl_phdr_info* info, std::size_t, void* found_as_void) noexcept {
    auto& found = *static_cast<image*>(found_as_void);
    const auto loop = reinterpret_cast<std::uintptr_t>(&_PyEval_EvalFrameDefault);
    image here;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const ElfW(Phdr) & segment = info->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_R) == 0) {
            continue;
        }
        const std::uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
        if ((segment.p_flags & PF_X) != 0) {
            if (loop >= begin && loop < begin + segment.p_memsz) {
                here.text_begin = begin;
                here.text_end = begin + segment.p_memsz;
            }
        } else if (here.data_count < 8) {
            here.data[here.data_count++] = {begin, begin + segment.p_filesz};
        }
    }
    if (here.text_begin == 0) {
        return 0;
    }
    found = here;
    return 1;
}

bool looks_like_table(void* const* at) noexcept {
    void* const unknown = at[k_first_undefined];
    for (int opcode = 0; opcode < k_opcodes; ++opcode) {
        const bool is_defined = opcode < k_first_undefined || opcode > k_last_undefined;
        if (is_defined == (at[opcode] == unknown)) {
            return false;
        }
    }
    void* handlers[k_opcodes];
    std::copy_n(at, k_opcodes, handlers);
    std::sort(handlers, handlers + k_opcodes);
    return std::unique(handlers, handlers + k_opcodes) - handlers >= k_least_handlers;
}

void** find_table(const image& of) noexcept {
    void** found = nullptr;
    for (int i = 0; i < of.data_count; ++i) {
        const auto [begin, end] = of.data[i];
        int run = 0;
        auto** const last = reinterpret_cast<void**>(end & ~std::uintptr_t{7});
        for (auto** at = reinterpret_cast<void**>((begin + 7) & ~std::uintptr_t{7}); at < last; ++at) {
            const auto value = reinterpret_cast<std::uintptr_t>(*at);
            run = value >= of.text_begin && value < of.text_end ? run + 1 : 0;
            if (run >= k_opcodes && looks_like_table(at + 1 - k_opcodes)) {
                if (found != nullptr) {
                    return nullptr;
                }
                found = at + 1 - k_opcodes;
            }
        }
    }
    return found;
}

} // namespace

void** find_instruction_table() noexcept {
    image of;
    return dl_iterate_phdr(read_image, &of) != 0 ? find_table(of) : nullptr;
}

} // namespace xpar::guard
