// Machine code of x86-64 in the image of the interpreter: reading calls, and writing over code in this process's
// private copy of its pages.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/base/status.hpp"

namespace xpar::guard {

// `jmp *0(%rip)` and the address: leads anywhere.
inline constexpr std::size_t k_jump_bytes = 14;
// `call` and the distance: 2 GB in both directions.
inline constexpr std::size_t k_call_bytes = 5;

// Of a jump or call that ends at `end`, which `to` is in reach of.
std::int32_t distance_to(const void* end, const void* to) noexcept;

void write_jump(unsigned char* at, const void* to) noexcept;

// Whether the bytes at `at` are a call of the function `to`.
bool is_call(const unsigned char* at, const void* to) noexcept;
// For a call that will run at `from`, which `to` is in reach of.
void write_call(unsigned char* at, const void* from, const void* to) noexcept;

// A page within reach of a call at `near`, still writable; null if there is none.
unsigned char* map_code_page(const void* near) noexcept;
// False where the system forbids memory that has been written to become code; the page is gone then.
bool finish_code_page(unsigned char* page) noexcept;

// Bytes in an image that are to be written over.
class image_bytes {
public:
    image_bytes() = default;
    image_bytes(void* place, std::size_t count) noexcept : m_place(place), m_count(count) {}

    // Would the system let us? Asks it, and leaves the pages as they were. To be called first.
    bool may_be_written() noexcept;
    // `bytes`: as many as there are.
    status write(const void* bytes) const noexcept;

private:
    void* m_place = nullptr;
    std::size_t m_count = 0;
    int m_protection = 0;
};

} // namespace xpar::guard
