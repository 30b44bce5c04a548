// A set of addresses: open addressing, a quarter of the memory and time that std::unordered_set takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xpar::guard {

class address_set {
public:
    // `room`: a power of two; it grows by itself.
    explicit address_set(std::size_t room) : m_slots(2 * room) {}

    bool insert(const void* address) {
        if (2 * ++m_used > m_slots.size()) {
            grow();
        }
        std::uintptr_t& slot = find(m_slots, address);
        const bool is_new = slot == 0;
        m_used -= is_new ? 0 : 1;
        slot = reinterpret_cast<std::uintptr_t>(address);
        return is_new;
    }
    bool contains(const void* address) { return find(m_slots, address) != 0; }

private:
    static std::uintptr_t& find(std::vector<std::uintptr_t>& slots, const void* address) {
        const auto wanted = reinterpret_cast<std::uintptr_t>(address);
        std::size_t place = ((wanted >> 4) * 0x9E3779B97F4A7C15u) >> 20;
        for (;; ++place) {
            std::uintptr_t& slot = slots[place & (slots.size() - 1)];
            if (slot == wanted || slot == 0) {
                return slot;
            }
        }
    }
    void grow() {
        std::vector<std::uintptr_t> larger(2 * m_slots.size());
        for (const std::uintptr_t address : m_slots) {
            if (address != 0) {
                find(larger, reinterpret_cast<void*>(address)) = address;
            }
        }
        m_slots.swap(larger);
    }

    std::vector<std::uintptr_t> m_slots;
    std::size_t m_used = 0;
};

} // namespace xpar::guard
