// The process-private containers an encoder keeps from one object to the next. Not for shared memory. Throw
// std::bad_alloc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

namespace xpar::clone {

// Empties a vector that is about to be used again, and gives its memory back if one object made it uncommonly long.
template <class Element>
void recycle(std::vector<Element>& elements) noexcept {
    if (elements.capacity() > 4096) {
        std::vector<Element>().swap(elements);
    } else {
        elements.clear();
    }
}

// A growing byte string. std::vector would zero what is about to be written.
class byte_sink {
public:
    // Room for `count` more bytes; what is written there counts once added() is told.
    std::byte* room(std::size_t count) {
        if (m_capacity - m_size < count) {
            grow_slow(count);
        }
        return m_owned.get() + m_size;
    }
    void added(std::size_t count) noexcept { m_size += count; }

    void append(const void* data, std::size_t count) {
        std::byte* const at = room(count);
        if (count != 0) { // an empty object may have no address
            std::memcpy(at, data, count);
        }
        m_size += count;
    }

    void append_byte(std::uint8_t byte) {
        *room(1) = static_cast<std::byte>(byte);
        ++m_size;
    }

    // LEB128: seven bits a byte, the lowest first; the upper bit says that more follow.
    void append_varint(std::uint64_t value) {
        std::byte* const at = room(k_max_varint);
        std::size_t count = 0;
        for (; value >= 0x80; value >>= 7) {
            at[count++] = static_cast<std::byte>(value | 0x80);
        }
        at[count++] = static_cast<std::byte>(value);
        m_size += count;
    }

    const std::byte* data() const noexcept { return m_owned.get(); }
    std::size_t size() const noexcept { return m_size; }

    void clear() noexcept {
        m_size = 0;
        if (m_capacity > k_keep) {
            m_owned.reset();
            m_capacity = 0;
        }
    }

private:
    static constexpr std::size_t k_max_varint = 10;             // 64 bits, 7 a byte
    static constexpr std::size_t k_keep = std::size_t{4} << 20; // an idle encoder does not sit on more

    struct free_memory {
        void operator()(std::byte* memory) const noexcept { std::free(memory); }
    };

    void grow_slow(std::size_t count) {
        const std::size_t capacity = std::max(m_size + count, std::max<std::size_t>(256, m_capacity * 2));
        auto* const grown = static_cast<std::byte*>(std::realloc(m_owned.get(), capacity));
        if (grown == nullptr) {
            throw std::bad_alloc();
        }
        (void)m_owned.release(); // realloc has freed or reused it
        m_owned.reset(grown);
        m_capacity = capacity;
    }

    std::unique_ptr<std::byte, free_memory> m_owned;
    std::size_t m_size = 0;
    std::size_t m_capacity = 0;
};

// Addresses of objects -> indices, open addressing: std::unordered_map takes 3 times as long here and allocates for
// each entry.
class pointer_map {
public:
    static constexpr std::uint32_t k_absent = UINT32_MAX;

    std::uint32_t find(const void* key) const noexcept {
        if (m_count == 0) {
            return k_absent;
        }
        return m_slots[place_of(key)].index; // an empty slot says k_absent
    }

    // The index `key` has, or k_absent after giving it `index`.
    std::uint32_t find_or_insert(const void* key, std::uint32_t index) {
        if (m_slots.size() <= 2 * std::size_t{m_count}) {
            grow_slow();
        }
        slot& at = m_slots[place_of(key)];
        if (at.key == nullptr) {
            at = {key, index};
            ++m_count;
            return k_absent;
        }
        return at.index;
    }

    std::uint32_t size() const noexcept { return m_count; }

    void clear() noexcept {
        if (m_slots.size() > k_keep) {
            m_slots.clear();
            m_slots.shrink_to_fit();
        } else if (m_count != 0) {
            std::fill(m_slots.begin(), m_slots.end(), slot{});
        }
        m_count = 0;
    }

private:
    static constexpr std::size_t k_keep = 1024; // 16 KiB to wipe between objects at most

    struct slot {
        const void* key = nullptr;
        std::uint32_t index = k_absent;
    };

    // Where the key is, or the empty slot where it would go. There is one: at most half of the slots are in use.
    std::size_t place_of(const void* key) const noexcept {
        const std::size_t mask = m_slots.size() - 1;
        // Objects are aligned to 16 bytes; the multiplier spreads neighbours over the upper bits, which the shift
        // brings down.
        std::size_t at = (reinterpret_cast<std::uintptr_t>(key) >> 4) * 0x9E3779B97F4A7C15u >> 20 & mask;
        while (m_slots[at].key != nullptr && m_slots[at].key != key) {
            at = (at + 1) & mask;
        }
        return at;
    }

    void grow_slow() {
        std::vector<slot> old(std::max<std::size_t>(32, 2 * m_slots.size()));
        old.swap(m_slots);
        for (const slot& entry : old) {
            if (entry.key != nullptr) {
                m_slots[place_of(entry.key)] = entry;
            }
        }
    }

    std::vector<slot> m_slots;
    std::uint32_t m_count = 0;
};

} // namespace xpar::clone
