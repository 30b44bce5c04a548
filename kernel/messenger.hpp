// Carries requests of the control thread (the debugger's) into the shell thread, where Python runs.
// Replaces xeus's pair of REQ and REP sockets, which would make the control thread wait for ever behind a running cell.
#pragma once

#include "kernel/notifier.hpp"

#include "nlohmann/json.hpp"
#include "xeus/xcontrol_messenger.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

namespace xpar {

class messenger final : public xeus::xcontrol_messenger {
public:
    static constexpr std::chrono::seconds k_patience{3};

    explicit messenger(const notifier& wakes_shell) : p_wakes_shell(wakes_shell) {}

    // Shell thread, when no cell runs: answers the request that waits, if any.
    void serve(const std::function<nlohmann::json(nlohmann::json)>& answer);

private:
    // Control thread. Throws std::runtime_error when the shell thread stays busy for k_patience.
    nlohmann::json send_to_shell_impl(const nlohmann::json& message) override;

    const notifier& p_wakes_shell;
    std::mutex m_mutex; // guards all below
    std::condition_variable m_answered;
    std::optional<nlohmann::json> m_request; // waiting to be taken
    bool m_taken = false;
    std::optional<nlohmann::json> m_reply;
};

} // namespace xpar
