#include "runtime/python/guard/patch/machine_code.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace xpar::guard {
namespace {

constexpr unsigned char k_jump[] = {0xff, 0x25, 0, 0, 0, 0};
static_assert(sizeof k_jump + sizeof(void*) == k_jump_bytes);
constexpr unsigned char k_call = 0xe8;
static_assert(sizeof k_call + sizeof(std::int32_t) == k_call_bytes);

// A call reaches twice as far, and what it leads to may lie behind `near`.
constexpr std::uintptr_t k_reach = std::uintptr_t{1} << 30;
constexpr std::uintptr_t k_step = std::uintptr_t{1} << 20;

std::size_t page_size() noexcept {
    static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

struct pages {
    pages(const void* place, std::size_t count) noexcept {
        const auto from = reinterpret_cast<std::uintptr_t>(place);
        const std::uintptr_t start = from & ~(page_size() - 1);
        begin = reinterpret_cast<void*>(start);
        length = (from + count - start + page_size() - 1) & ~(page_size() - 1);
    }
    void* begin;
    std::size_t length;
};

// How that memory is mapped, or -1 if it is not mapped in one way.
int protection_of(const pages& of) noexcept {
    std::FILE* const maps = std::fopen("/proc/self/maps", "re");
    if (maps == nullptr) {
        return -1;
    }
    const auto first = reinterpret_cast<std::uintptr_t>(of.begin);
    char line[512];
    char access[5] = {};
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    int found = -1;
    while (found == -1 && std::fgets(line, sizeof line, maps) != nullptr) {
        if (std::sscanf(line, "%lx-%lx %4s", &begin, &end, access) == 3 && first >= begin && first + of.length <= end) {
            found = (access[0] == 'r' ? PROT_READ : 0) | (access[1] == 'w' ? PROT_WRITE : 0) |
                    (access[2] == 'x' ? PROT_EXEC : 0);
        }
    }
    std::fclose(maps);
    return found;
}

void* map_at(std::uintptr_t address) noexcept {
    void* const page = mmap(reinterpret_cast<void*>(address), page_size(), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    return page != MAP_FAILED ? page : nullptr;
}

} // namespace

std::int32_t distance_to(const void* end, const void* to) noexcept {
    return static_cast<std::int32_t>(reinterpret_cast<std::intptr_t>(to) - reinterpret_cast<std::intptr_t>(end));
}

void write_jump(unsigned char* at, const void* to) noexcept {
    std::copy_n(k_jump, sizeof k_jump, at);
    std::memcpy(at + sizeof k_jump, &to, sizeof to);
}

bool is_call(const unsigned char* at, const void* to) noexcept {
    std::int32_t distance = 0;
    std::memcpy(&distance, at + 1, sizeof distance);
    return *at == k_call && at + k_call_bytes + distance == to;
}

void write_call(unsigned char* at, const void* from, const void* to) noexcept {
    const std::int32_t distance = distance_to(static_cast<const unsigned char*>(from) + k_call_bytes, to);
    *at = k_call;
    std::memcpy(at + 1, &distance, sizeof distance);
}

unsigned char* map_code_page(const void* near) noexcept {
    const std::uintptr_t from = reinterpret_cast<std::uintptr_t>(near) & ~(page_size() - 1);
    for (std::uintptr_t distance = k_step; distance < k_reach; distance += k_step) {
        for (const std::uintptr_t place : {from - distance, from + distance}) {
            if (void* const page = map_at(place); page != nullptr) {
                return static_cast<unsigned char*>(page);
            }
        }
    }
    return nullptr;
}

bool finish_code_page(unsigned char* page) noexcept {
    if (mprotect(page, page_size(), PROT_READ | PROT_EXEC) != 0) {
        munmap(page, page_size());
        return false;
    }
    return true;
}

bool image_bytes::may_be_written() noexcept {
    const pages of(m_place, m_count);
    m_protection = protection_of(of);
    return m_protection != -1 && mprotect(of.begin, of.length, m_protection | PROT_WRITE) == 0 &&
           mprotect(of.begin, of.length, m_protection) == 0;
}

status image_bytes::write(const void* bytes) const noexcept {
    const pages of(m_place, m_count);
    if (mprotect(of.begin, of.length, m_protection | PROT_WRITE) != 0) {
        return status::from_errno("mprotect");
    }
    std::memcpy(m_place, bytes, m_count);
    mprotect(of.begin, of.length, m_protection);
    return status::ok();
}

} // namespace xpar::guard
