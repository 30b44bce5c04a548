#include "kernel/sockets.hpp"

#include <stdexcept>

namespace xpar {

namespace {

std::string end_point(const configuration& config, const std::string& port) {
    const char separator = config.m_transport == "tcp" ? ':' : '-'; // of ipc, a port is a part of the name of a file
    return config.m_transport + "://" + config.m_ip + separator + port;
}

} // namespace

void bind(zmq::socket_t& socket, const configuration& config, const std::string& port) {
    socket.set(zmq::sockopt::linger, k_linger_ms);
    const bool any = port.empty() || port == "0";
    const std::string place = end_point(config, any ? "*" : port);
    try {
        socket.bind(place);
    } catch (const zmq::error_t& error) {
        throw std::runtime_error(place + ": " + error.what());
    }
}

std::string bound_port(const zmq::socket_t& socket) {
    const std::string place = socket.get(zmq::sockopt::last_endpoint);
    return place.substr(place.find_last_of(":-") + 1);
}

zmq::socket_t bound_router(zmq::context_t& context, const configuration& config, const std::string& port) {
    zmq::socket_t socket(context, zmq::socket_type::router);
    socket.set(zmq::sockopt::router_handover, 1);
    socket.set(zmq::sockopt::sndhwm, 0);
    bind(socket, config, port);
    return socket;
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
