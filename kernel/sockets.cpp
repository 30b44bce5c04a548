#include "kernel/sockets.hpp"

#include "xeus/xmiddleware.hpp"

#include <stdexcept>

namespace xpar {

namespace {

constexpr std::size_t k_parts_after_delimiter = 5; // signature, header, parent header, metadata, content

// The number of parts when there is none.
std::size_t find_delimiter(const zmq::multipart_t& message) {
    std::size_t i = 0;
    while (i < message.size() && message.peek(i)->to_string_view() != "<IDS|MSG>") {
        ++i;
    }
    return i;
}

} // namespace

void bind(zmq::socket_t& socket, const xeus::xconfiguration& config, const std::string& port) {
    socket.set(zmq::sockopt::linger, k_linger_ms);
    const bool any = port.empty() || port == "0";
    const std::string end_point = xeus::get_end_point(config.m_transport, config.m_ip, any ? "*" : port);
    try {
        socket.bind(end_point);
    } catch (const zmq::error_t& error) {
        throw std::runtime_error(end_point + ": " + error.what());
    }
}

std::string bound_port(const zmq::socket_t& socket) {
    return xeus::get_socket_port(socket);
}

zmq::socket_t bound_router(zmq::context_t& context, const xeus::xconfiguration& config, const std::string& port) {
    zmq::socket_t socket(context, zmq::socket_type::router);
    socket.set(zmq::sockopt::router_handover, 1);
    socket.set(zmq::sockopt::sndhwm, 0);
    bind(socket, config, port);
    return socket;
}

bool is_well_formed(const zmq::multipart_t& message, std::size_t signature_bytes) {
    const std::size_t delimiter = find_delimiter(message);
    return delimiter + k_parts_after_delimiter < message.size() &&
           (signature_bytes == 0 || message.peek(delimiter + 1)->size() == signature_bytes);
}

std::string signature(const zmq::multipart_t& message) {
    return message.peek(find_delimiter(message) + 1)->to_string();
}

void send(zmq::socket_t& socket, zmq::multipart_t message) {
    while (!message.empty()) {
        zmq::message_t part = message.pop();
        const int flags = message.empty() ? 0 : ZMQ_SNDMORE;
        while (::zmq_msg_send(part.handle(), socket.handle(), flags) < 0) {
            if (::zmq_errno() != EINTR) {
                throw zmq::error_t();
            }
        }
    }
}

bool try_receive(zmq::socket_t& socket, zmq::multipart_t& message) {
    message.clear();
    bool more = true;
    while (more) {
        zmq::message_t part;
        while (::zmq_msg_recv(part.handle(), socket.handle(), ZMQ_DONTWAIT) < 0) {
            if (::zmq_errno() == EAGAIN && message.empty()) {
                return false; // the parts of a message arrive together: only the first can be missing
            }
            if (::zmq_errno() != EINTR) {
                throw zmq::error_t();
            }
        }
        more = part.more();
        message.add(std::move(part));
    }
    return true;
}

} // namespace xpar
