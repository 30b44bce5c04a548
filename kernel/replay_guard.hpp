// Refuses messages that have been seen before: whoever records a signed request must not be able to have it run again.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

namespace xpar {

class replay_guard {
public:
    // As many as Jupyter's own session remembers. A message says when it was made, but clocks differ; so they are
    // counted.
    static constexpr std::size_t k_remembered = 65536;

    // Any thread. True the first time.
    bool admits(std::string_view signature) {
        const std::lock_guard lock(m_mutex);
        const auto [place, is_new] = m_signatures.emplace(signature);
        if (!is_new) {
            return false;
        }
        m_order.push_back(&*place); // elements of a set stay where they are
        if (m_order.size() > k_remembered) {
            m_signatures.erase(m_signatures.find(*m_order.front()));
            m_order.pop_front();
        }
        return true;
    }

private:
    std::mutex m_mutex; // guards both
    std::unordered_set<std::string> m_signatures;
    std::deque<const std::string*> m_order; // oldest first
};

} // namespace xpar
