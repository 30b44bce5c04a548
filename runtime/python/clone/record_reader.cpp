#include "runtime/python/clone/record_reader.hpp"

namespace xpar::clone {

bool record_reader::open(const std::byte* record) noexcept {
    if (record == nullptr || reinterpret_cast<std::uintptr_t>(record) % alignof(record_shm) != 0) {
        return false;
    }
    p_record = record;
    std::memcpy(&m_header, record, sizeof m_header);
    if (m_header.magic != k_magic || (m_header.flags & ~k_known_flags) != 0 || m_header.size < sizeof m_header) {
        return false;
    }
    const std::byte* at = record + sizeof m_header;
    std::uint64_t left = m_header.size - sizeof m_header;
    m_extension.body_size = left;
    if ((m_header.flags & k_extended) != 0) {
        if (left < sizeof m_extension) {
            return false;
        }
        std::memcpy(&m_extension, at, sizeof m_extension);
        at += sizeof m_extension;
        left -= sizeof m_extension;
        const std::uint64_t table_size = m_extension.payload_count * sizeof(payload_shm);
        if (left < table_size || m_extension.first_buffer > m_extension.payload_count) {
            return false;
        }
        p_payload_table = at;
        at += table_size;
        left -= table_size;
    }
    if (left < m_extension.body_size || left - m_extension.body_size < m_extension.pickle_size) {
        return false;
    }
    m_body = {at, m_extension.body_size};
    m_pickle = {at + m_extension.body_size, m_extension.pickle_size};
    return true;
}

bool record_reader::payload(std::uint64_t index, std::span<const std::byte>& bytes) const noexcept {
    if (index >= m_extension.payload_count) {
        return false;
    }
    payload_shm at;
    std::memcpy(&at, p_payload_table + index * sizeof at, sizeof at);
    if (at.offset % k_payload_alignment != 0 || at.offset > m_header.size || at.size > m_header.size - at.offset) {
        return false;
    }
    bytes = {p_record + at.offset, at.size};
    return true;
}

} // namespace xpar::clone
