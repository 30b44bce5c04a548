// The wire format of a clone: what encoder writes into shared memory and decode() reads, on one machine, by one build.
// Not a file format: byte order and type sizes are the processor's, and nothing promises that another version can read
// it.
//
//   record_shm | record_extension_shm | payload_shm[payload_count] | body | pickle | padding | payload 0 | padding |
//   payload 1 ...
//              `---- only with k_extended ----------------------'          `---- only with k_extended
//              --------------------------
//
// The body is one object in preorder: a tag byte, then what the comments below say. Counts and indices are LEB128
// varints. A record is immutable once published: written by one process before the slot that names it is, read by any
// afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace xpar::clone {

inline constexpr std::uint16_t k_magic = 0x5852;       // "RX"
inline constexpr std::size_t k_payload_alignment = 64; // what numpy and SIMD code like best
inline constexpr std::size_t k_payload_threshold =
    4096; // from here on copying twice costs more than a payload's padding

inline constexpr std::uint16_t k_extended = 1;
inline constexpr std::uint16_t k_pickle_has_references = 2; // the pickle contains persistent ids: xlists
inline constexpr std::uint16_t k_known_flags = k_extended | k_pickle_has_references;

struct record_shm {
    std::uint64_t size;       // of the whole record, this header included
    std::uint32_t memo_count; // how many k_remember the body has
    std::uint16_t magic;
    std::uint16_t flags;
};

struct record_extension_shm {
    std::uint64_t body_size;
    std::uint64_t pickle_size; // a pickled list of the objects k_leaf refers to; 0: there are none
    std::uint32_t leaf_count;
    std::uint32_t payload_count;
    std::uint32_t first_buffer; // payloads from this one on are the pickle's out-of-band buffers, in its order
    std::uint32_t reserved;
};

struct payload_shm {
    std::uint64_t offset; // from the start of the record, a multiple of k_payload_alignment
    std::uint64_t size;
};

// The body has to start at a multiple of 8, because wide strings in it are aligned relative to its start.
static_assert(sizeof(record_shm) == 16 && alignof(record_shm) == 8 && std::is_trivially_copyable_v<record_shm>);
static_assert(sizeof(record_extension_shm) == 32 && std::is_trivially_copyable_v<record_extension_shm>);
static_assert(sizeof(payload_shm) == 16 && std::is_trivially_copyable_v<payload_shm>);

enum class tag : std::uint8_t {
    none,
    false_,
    true_,
    int8, // then the number, two's complement, processor's byte order
    int16,
    int32,
    int64,
    int_big, // byte count, then two's complement, lowest byte first
    float64, // 8 bytes, bit for bit
    complex, // real, imaginary
    str1,    // length, then one byte a character (Latin-1)
    str2,    // length, padding to a multiple of 2 from the start of the body, then two bytes a character
    str4,    // the same with 4
    bytes,   // count, then the bytes
    bytearray,
    list, // count, then the items
    tuple,
    dict, // count, then key, value, key, value ... in the order of the dict
    set,
    frozenset,
    list_of_numbers, // form (see number_run.cpp), count, then the numbers, all in that form
    tuple_of_numbers,
    remember,      // the object that follows gets the next index of the memo
    same,          // index: the object with that index again
    leaf,          // index into the pickled list
    xlist,         // id and generation, 4 bytes each
    payload_str,   // bytes a character (1, 2 or 4), index: the characters are a payload
    payload_bytes, // index
    payload_bytearray,
    count_, // not a tag
};

// The two upper quarters of the tag byte are whole objects.
inline constexpr std::uint8_t k_short_str = 0x80; // + length (below 64), then the characters (Latin-1)
inline constexpr std::uint8_t k_small_int = 0xC0; // + value (0 ... 63)
inline constexpr std::size_t k_short_limit = 64;
static_assert(static_cast<std::uint8_t>(tag::count_) <= k_short_str);

constexpr std::size_t round_up(std::size_t value, std::size_t alignment) noexcept {
    return (value + alignment - 1) & ~(alignment - 1);
}

} // namespace xpar::clone
