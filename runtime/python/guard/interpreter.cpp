#include "runtime/python/guard/interpreter.hpp"

#include <elf.h>
#include <link.h>
#include <opcode.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

namespace xpar::guard {
namespace {

constexpr int k_opcodes = 256;

// What is undefined in 3.11 jumps to one place, `unknown opcode`; all else to places of its own. No other table looks
// like that.
constexpr int k_first_undefined = 181;
constexpr int k_last_undefined = 254;
static_assert(STORE_SUBSCR_LIST_INT == 170 && STORE_ATTR_WITH_HINT == 159 && UNPACK_SEQUENCE_TWO_TUPLE < k_first_undefined &&
              DO_TRACING > k_last_undefined);
// Identical handlers may have been folded into one; in Debian's builds all are distinct.
constexpr int k_least_handlers = 170;

constexpr std::pair<int, int> k_detours[] = {
    {STORE_SUBSCR_ADAPTIVE, STORE_SUBSCR},
    {STORE_SUBSCR_DICT, STORE_SUBSCR},
    {STORE_SUBSCR_LIST_INT, STORE_SUBSCR},
    {STORE_ATTR_ADAPTIVE, STORE_ATTR},
    {STORE_ATTR_INSTANCE_VALUE, STORE_ATTR},
    {STORE_ATTR_SLOT, STORE_ATTR},
    {STORE_ATTR_WITH_HINT, STORE_ATTR},
    {PRECALL_NO_KW_LIST_APPEND, PRECALL},
    {STORE_GLOBAL, PRINT_EXPR},
    {STORE_NAME, PRINT_EXPR},
    {STORE_DEREF, PRINT_EXPR},
};

void** s_table = nullptr;
bool s_setattr_is_patchable = false;

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
        const ElfW(Phdr)& segment = info->dlpi_phdr[i];
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

// The only one, or null.
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

bool is_writable(std::uintptr_t place) noexcept {
    std::FILE* const maps = std::fopen("/proc/self/maps", "re");
    if (maps == nullptr) {
        return false;
    }
    char line[512];
    char access[5] = {};
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    bool found = false;
    while (!found && std::fgets(line, sizeof line, maps) != nullptr) {
        found = std::sscanf(line, "%lx-%lx %4s", &begin, &end, access) == 3 && place >= begin && place < end;
    }
    std::fclose(maps);
    return found && access[1] == 'w';
}

// Would the system let a zygote write to the table? It is asked here and now, as twins have to be made before one is
// forked. Nothing is written, and the page is left as it was.
bool may_write_to_table() noexcept {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto place = reinterpret_cast<std::uintptr_t>(s_table);
    const std::uintptr_t begin = place & ~(page - 1);
    const std::size_t length = (place + k_opcodes * sizeof(void*) - begin + page - 1) & ~(page - 1);
    if (is_writable(begin) && is_writable(begin + length - 1)) {
        return true;
    }
    if (mprotect(reinterpret_cast<void*>(begin), length, PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    mprotect(reinterpret_cast<void*>(begin), length, PROT_READ);
    return true;
}

constexpr unsigned char k_jump[] = {0xff, 0x25, 0, 0, 0, 0}; // jmp *0(%rip); the address follows
constexpr std::size_t k_jump_bytes = sizeof k_jump + sizeof(void*);

// How _PyObject_GenericSetAttrWithDict begins: it saves six registers and makes room on the stack, in as many bytes as
// the jump takes. They mean the same at any address, so they can be run elsewhere before jumping back behind them.
constexpr unsigned char k_prologue[] = {0x41, 0x57, 0x41, 0x56, 0x41, 0x55, 0x41, 0x54, 0x55, 0x53, 0x48, 0x83, 0xec};
static_assert(sizeof k_prologue + 1 == k_jump_bytes); // and one byte: how much room

bool looks_like_setattr(const unsigned char* at) noexcept { return std::memcmp(at, k_prologue, sizeof k_prologue) == 0; }

void write_jump(unsigned char* at, const void* to) noexcept {
    std::copy_n(k_jump, sizeof k_jump, at);
    std::memcpy(at + sizeof k_jump, &to, sizeof to);
}

status write_to_image(void* place, const void* bytes, std::size_t count, int protection) noexcept {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(place) & ~(page - 1);
    const std::size_t length = (reinterpret_cast<std::uintptr_t>(place) + count - begin + page - 1) & ~(page - 1);
    if (mprotect(reinterpret_cast<void*>(begin), length, protection | PROT_WRITE) != 0) {
        return status::from_errno("mprotect");
    }
    std::memcpy(place, bytes, count);
    mprotect(reinterpret_cast<void*>(begin), length, protection);
    return status::ok();
}

// False when the system does not let us: it forbids memory that is writable and then executable.
bool replace_setattr(generic_setattr_function with) noexcept {
    auto* const entry = reinterpret_cast<unsigned char*>(&_PyObject_GenericSetAttrWithDict);
    void* const page = mmap(nullptr, 2 * k_jump_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return false;
    }
    auto* const moved = static_cast<unsigned char*>(page);
    std::copy_n(entry, k_jump_bytes, moved);
    write_jump(moved + k_jump_bytes, entry + k_jump_bytes);
    unsigned char jump[k_jump_bytes];
    write_jump(jump, reinterpret_cast<void*>(with));
    if (mprotect(page, 2 * k_jump_bytes, PROT_READ | PROT_EXEC) != 0 ||
        !write_to_image(entry, jump, sizeof jump, PROT_READ | PROT_EXEC)) {
        munmap(page, 2 * k_jump_bytes);
        return false;
    }
    original_setattr = reinterpret_cast<generic_setattr_function>(page);
    return true;
}

} // namespace

generic_setattr_function original_setattr = _PyObject_GenericSetAttrWithDict;

const char* find_interpreter() noexcept {
    if (s_table != nullptr) {
        return nullptr;
    }
    if ((Py_Version >> 8) != (PY_VERSION_HEX >> 8)) {
        return "it was built for another version of CPython";
    }
    image of;
    if (dl_iterate_phdr(read_image, &of) == 0) {
        return "the interpreter's image was not found";
    }
    s_table = find_table(of);
    if (s_table == nullptr) {
        return "the interpreter's table of instructions was not found (it was compiled in another way than Debian's)";
    }
    if (!may_write_to_table()) {
        s_table = nullptr;
        return "this system does not let the interpreter be written to";
    }
    s_setattr_is_patchable = looks_like_setattr(reinterpret_cast<const unsigned char*>(&_PyObject_GenericSetAttrWithDict));
    return nullptr;
}

status patch_interpreter(generic_setattr_function setattr) noexcept {
    void* table[k_opcodes];
    std::copy_n(s_table, k_opcodes, table);
    for (const auto& [from, to] : k_detours) {
        table[from] = s_table[to];
    }
    // The page may hold variables, too, so it stays writable.
    if (status written = write_to_image(s_table, table, sizeof table, PROT_READ | PROT_WRITE); !written) {
        return written;
    }
    if (s_setattr_is_patchable && original_setattr == _PyObject_GenericSetAttrWithDict) {
        s_setattr_is_patchable = replace_setattr(setattr);
    }
    return status::ok();
}

bool has_patched_setattr() noexcept { return s_setattr_is_patchable; }

} // namespace xpar::guard
