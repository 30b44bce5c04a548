// The sizes that small blocks are rounded up to: multiples of 16 up to 512, then four a doubling up to 16 KiB, so that
// at most a fifth of a block is lost to rounding beyond 64 bytes. Not for larger blocks (unit_space.hpp).
#pragma once

#include <bit>
#include <cstddef>

namespace xpar {

inline constexpr std::size_t k_block_alignment = 16;
inline constexpr std::size_t k_largest_small = 16384;
inline constexpr unsigned k_fine_classes = 32; // of 16, 32 ... 512 bytes
inline constexpr unsigned k_size_classes = k_fine_classes + 20;

// 1 <= bytes <= k_largest_small.
constexpr unsigned size_class_of(std::size_t bytes) noexcept {
    if (bytes <= k_fine_classes * k_block_alignment) [[likely]] {
        return static_cast<unsigned>((bytes - 1) / k_block_alignment);
    }
    // 513 ... 640 is the first: bit width 10, upper bits 4. The two bits below the top one say which quarter it is.
    const unsigned shift = static_cast<unsigned>(std::bit_width(bytes - 1)) - 3;
    return k_fine_classes + (shift - 7) * 4 + static_cast<unsigned>((bytes - 1) >> shift) - 4;
}

constexpr std::size_t class_bytes(unsigned size_class) noexcept {
    if (size_class < k_fine_classes) {
        return (size_class + 1) * k_block_alignment;
    }
    const unsigned above = size_class - k_fine_classes;
    return std::size_t{5 + above % 4} << (7 + above / 4);
}

static_assert(class_bytes(k_size_classes - 1) == k_largest_small &&
              size_class_of(k_largest_small) == k_size_classes - 1);

} // namespace xpar
