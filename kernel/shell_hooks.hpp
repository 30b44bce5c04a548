// What the server asks of whoever runs the cells, beyond what xeus asks. All of it on the main thread.
#pragma once

#include "nlohmann/json.hpp"
#include "xeus/xmessage.hpp"

#include <optional>

namespace xpar {

class shell_hooks {
public:
    virtual ~shell_hooks() = default;

    // Comms and history are IPython's business, not xeus's. Returns the content of the reply, or nothing for a message
    // that has none.
    static bool handles(const std::string& message_type) {
        return message_type.starts_with("comm_") || message_type == "history_request";
    }
    virtual std::optional<nlohmann::json> handle(const xeus::xmessage& message) = 0;

    // The number of the last cell that was stored; xeus counts differently.
    virtual int execution_count() const = 0;

    // Between two requests: a thread has called server::wake, a signal has arrived.
    virtual void woken() = 0;
    virtual void signalled() = 0;

    // Instead of sleeping until one of the descriptors can be read: coroutines that earlier cells left running go on
    // until then. False when there are none.
    virtual bool run_meanwhile(int first_descriptor, int second_descriptor) = 0;
};

} // namespace xpar
