#include "kernel/messenger.hpp"

#include <stdexcept>

namespace xpar {

void messenger::serve(const std::function<nlohmann::json(nlohmann::json)>& answer) {
    std::unique_lock lock(m_mutex);
    if (!m_request) {
        return;
    }
    nlohmann::json request = std::move(*m_request);
    m_request.reset();
    m_taken = true;
    m_answered.notify_one();
    lock.unlock();
    nlohmann::json reply = answer(std::move(request));
    lock.lock();
    m_reply = std::move(reply);
    m_answered.notify_one();
}

nlohmann::json messenger::send_to_shell_impl(const nlohmann::json& message) {
    std::unique_lock lock(m_mutex);
    m_request = message;
    m_taken = false;
    m_reply.reset();
    p_wakes_shell.notify();
    // What was taken is answered: it runs no code of the user.
    if (!m_answered.wait_for(lock, k_patience, [this] { return m_taken || m_reply; })) {
        m_request.reset();
        throw std::runtime_error("the kernel is busy");
    }
    m_answered.wait(lock, [this] { return m_reply.has_value(); });
    return std::move(*m_reply);
}

} // namespace xpar
