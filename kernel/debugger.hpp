// The debugger as xeus calls it. What it does is in python/xparallel_kernel/debugger.py; this takes requests there.
// Control thread only.
#pragma once

#include "kernel/interpreter.hpp"

#include "xeus/xdebugger.hpp"

#include <stdexcept>

namespace xpar {

class debugger final : public xeus::xdebugger {
public:
    explicit debugger(interpreter& of) : p_interpreter(of) {}

private:
    nlohmann::json process_request_impl(const nlohmann::json& header, const nlohmann::json& message) override {
        if (message.value("command", "") == "initialize") {
            try {
                // debugpy traces from the main thread on; the first time, it has to be started there.
                get_control_messenger().send_to_shell({{"start", "debugger"}});
            } catch (const std::runtime_error&) {
                // A cell is running; unless debugpy runs already, the reply says so.
            }
        }
        return p_interpreter.debug(header, message);
    }

    interpreter& p_interpreter;
};

} // namespace xpar
