// Reading a record that may be damaged: everything is checked against the size the header gives before it is touched.
// Private to decode(). A record does not change once it is published, so what has been checked stays true.
#pragma once

#include "runtime/python/clone/record.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace xpar::clone {

class record_reader {
public:
    // False if the parts of the record do not fit together; nothing else may be called then.
    bool open(const std::byte* record) noexcept;

    std::uint32_t memo_count() const noexcept { return m_header.memo_count; }
    std::uint32_t leaf_count() const noexcept { return m_extension.leaf_count; }
    std::uint32_t first_buffer() const noexcept { return m_extension.first_buffer; }
    std::uint32_t payload_count() const noexcept { return m_extension.payload_count; }
    bool pickle_has_references() const noexcept { return (m_header.flags & k_pickle_has_references) != 0; }
    std::span<const std::byte> pickle() const noexcept { return m_pickle; }
    bool payload(std::uint64_t index, std::span<const std::byte>& bytes) const noexcept;

    // The body, from its start on. All of these fail where there are fewer bytes left than they need.
    std::size_t bytes_left() const noexcept { return m_body.size() - m_at; }

    const std::byte* take(std::size_t count) noexcept {
        if (bytes_left() < count) {
            return nullptr;
        }
        const std::byte* const at = m_body.data() + m_at;
        m_at += count;
        return at;
    }

    bool skip_to_multiple_of(std::size_t alignment) noexcept {
        return take(round_up(m_at, alignment) - m_at) != nullptr;
    }

    template <class Value>
    bool read(Value& value) noexcept {
        const std::byte* const at = take(sizeof value);
        if (at == nullptr) {
            return false;
        }
        std::memcpy(&value, at, sizeof value);
        return true;
    }

    bool read_varint(std::uint64_t& value) noexcept {
        value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::byte* const next = take(1);
            if (next == nullptr) {
                return false;
            }
            value |= (std::to_integer<std::uint64_t>(*next) & 0x7F) << shift;
            if ((*next & std::byte{0x80}) == std::byte{0}) {
                return true;
            }
        }
        return false;
    }

    // A count of things that take at least `bytes_each` bytes of what is left: no record makes a reader allocate
    // without limit.
    bool read_count(std::size_t& count, std::size_t bytes_each = 1) noexcept {
        return read_varint(count) && count <= bytes_left() / bytes_each;
    }

private:
    const std::byte* p_record = nullptr;
    const std::byte* p_payload_table = nullptr;
    record_shm m_header{};
    record_extension_shm m_extension{};
    std::span<const std::byte> m_body;
    std::span<const std::byte> m_pickle;
    std::size_t m_at = 0; // in the body
};

} // namespace xpar::clone
