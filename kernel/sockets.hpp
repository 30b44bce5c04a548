// What all sockets of the kernel have in common: how they are bound, read and written.
#pragma once

#include "kernel/xeus_compat.hpp"

#include "zmq.hpp"
#include "zmq_addon.hpp"

#include <string>

namespace xpar {

// At exit, unsent messages get this long to leave; Jupyter waits 2.5 s for the whole of it.
inline constexpr int k_linger_ms = 300;

// An empty port or "0" takes any free one. Throws std::runtime_error, naming the end point, when it is taken.
void bind(zmq::socket_t& socket, const configuration& config, const std::string& port);
std::string bound_port(const zmq::socket_t& socket);

// A ROUTER that takes a client back that reconnects under its old identity.
zmq::socket_t bound_router(zmq::context_t& context, const configuration& config, const std::string& port);

// A signal may interrupt any call on a socket; cppzmq then throws half way through a message. These two go on instead.
void send(zmq::socket_t& socket, zmq::multipart_t message);
// Without waiting. False when there is none.
bool try_receive(zmq::socket_t& socket, zmq::multipart_t& message);

} // namespace xpar
