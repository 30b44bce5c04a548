#include "kernel/server.hpp"

#include "kernel/kernel_process.hpp"
#include "kernel/operator_stream.hpp"
#include "kernel/signals.hpp"
#include "kernel/sockets.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iostream>

#include <poll.h>
#include <unistd.h>

namespace xpar {

namespace nl = nlohmann;

namespace {

template <std::size_t size>
bool contains(const std::array<std::string_view, size>& all, std::string_view one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

// What goes to xeus. It would take any request on any channel, a cell on the control thread for one.
constexpr std::array<std::string_view, 5> k_xeus_on_shell{"execute_request", "complete_request", "inspect_request",
                                                          "is_complete_request", "kernel_info_request"};
constexpr std::array<std::string_view, 2> k_xeus_on_control{"kernel_info_request", "debug_request"};

nl::json error_content(const std::string& name, const std::string& value) {
    return {{"status", "error"}, {"ename", name}, {"evalue", value}, {"traceback", nl::json::array()}};
}

} // namespace

server::server(const configuration& config, shell_hooks& hooks)
    : p_hooks(hooks), m_signer(config.m_signature_scheme, config.m_key), m_publisher(m_context, config),
      m_shell(bound_router(m_context, config, config.m_shell_port)),
      m_stdin(bound_router(m_context, config, config.m_stdin_port)),
      m_control(bound_router(m_context, config, config.m_control_port)),
      m_heartbeat(bound_router(m_context, config, config.m_hb_port)), m_messenger(m_shell_wake) {}

server::~server() {
    close();
}

void server::update_config_impl(configuration& config) const {
    config.m_shell_port = bound_port(m_shell);
    config.m_stdin_port = bound_port(m_stdin);
    config.m_control_port = bound_port(m_control);
    config.m_hb_port = bound_port(m_heartbeat);
    config.m_iopub_port = m_publisher.port();
}

void server::start_impl(xeus::xpub_message message) {
    operator_stream::go_on(); // main has kept xeus from greeting the operator
    m_publisher.start(message);
    m_heartbeat_thread = std::thread(&server::run_heartbeat, this);
    m_control_thread = std::thread(&server::run_control, this);
    run_shell();
}

void server::stop_impl() {
    if (!is_kernel_process() || m_stopping.exchange(true)) { // a child shares the notifiers
        return;
    }
    // User code that cannot be interrupted, or a handler of atexit that hangs, must not keep the process.
    std::thread([] {
        std::this_thread::sleep_for(k_time_to_end);
        ::_exit(0);
    }).detach();
    m_shell_wake.notify();
    m_control_stop.notify();
    if (m_busy && ::pthread_equal(::pthread_self(), m_main_thread) == 0) {
        ::pthread_kill(m_main_thread, SIGINT);
    }
}

void server::close() {
    m_control_stop.notify();
    m_heartbeat_stop.notify();
    for (std::thread* thread : {&m_control_thread, &m_heartbeat_thread}) {
        if (thread->joinable()) {
            thread->join();
        }
    }
    m_publisher.close();
    for (zmq::socket_t* socket : {&m_shell, &m_stdin, &m_control, &m_heartbeat}) {
        socket->close();
    }
    m_context.close();
}

void server::wake() {
    if (!is_kernel_process()) {
        return;
    }
    m_wake_wanted = true;
    m_shell_wake.notify();
}

// ---- the main thread -----------------------------------------------------------------------------------------------

void server::run_shell() {
    while (!m_stopping) {
        m_messenger.serve([this](nl::json question) { return notify_internal_listener(std::move(question)); });
        if (!m_backlog.empty()) {
            xeus::xmessage message = std::move(m_backlog.front());
            m_backlog.pop_front();
            handle_shell(std::move(message));
        } else if (std::optional<xeus::xmessage> message = try_read(m_shell)) {
            handle_shell(std::move(*message));
        } else if (m_wake_wanted.exchange(false)) {
            m_busy = true;
            p_hooks.woken();
            m_busy = false;
        } else {
            wait_for_shell();
        }
    }
}

// The one place outside user code where SIGINT may arrive. zmq_poll cannot unblock it for exactly the time of the wait,
// ppoll can; try_read has just emptied the socket, which is what makes its descriptor wait for the next message.
void server::wait_for_shell() {
    std::array<pollfd, 2> items{{{m_shell.get(zmq::sockopt::fd), POLLIN, 0}, {m_shell_wake.descriptor(), POLLIN, 0}}};
    if (!p_hooks.run_meanwhile(items[0].fd, items[1].fd)) {
        const sigset_t mask = mask_with_interrupts();
        if (::ppoll(items.data(), items.size(), nullptr, &mask) < 0 && errno == EINTR && !m_stopping) {
            p_hooks.signalled();
        }
    }
    m_shell_wake.clear();
}

void server::handle_shell(xeus::xmessage message) {
    drop_interrupts();
    m_shell_request = {message.header().value("msg_type", ""), message.identities(), message.header(), {}, {}};
    m_busy = true;
    if (!contains(k_xeus_on_shell, m_shell_request.type)) {
        handle_ourselves(message);
    } else {
        notify_shell_listener(std::move(message));
    }
    m_busy = false;
    complete(m_shell, m_shell_request);
}

void server::handle_ourselves(const xeus::xmessage& message) {
    publish_status(m_shell_request, "busy");
    if (shell_hooks::handles(m_shell_request.type)) {
        const parent_ptr before = m_publisher.parent();
        m_publisher.set_parent(std::make_shared<const nl::json>(m_shell_request.header));
        if (std::optional<nl::json> content = p_hooks.handle(message)) {
            reply(m_shell, m_shell_request, std::move(*content));
        }
        m_publisher.set_parent(before);
    } else if (m_shell_request.type == "shutdown_request") {
        serve_shutdown(m_shell, m_shell_request, message);
    } else {
        reply_if_unanswered(m_shell, m_shell_request);
    }
    publish_status(m_shell_request, "idle");
}

void server::serve_shutdown(zmq::socket_t& socket, request& to, const xeus::xmessage& message) {
    const nl::json content = {{"status", "ok"}, {"restart", message.content().value("restart", nl::json(false))}};
    m_publisher.publish("shutdown_reply", to.header, nl::json::object(), content);
    reply(socket, to, content);
    stop();
}

void server::publish_status(const request& of, const char* state) {
    m_publisher.publish("status", of.header, nl::json::object(), {{"execution_state", state}});
}

void server::send_shell_impl(xeus::xmessage message) {
    const std::string type = message.header().value("msg_type", "");
    if (type == "execute_reply" && !m_aborting && message.content().value("status", "") == "error") {
        // Whatever arrived before the front end could know of the error is what abort_queue is about.
        while (std::optional<xeus::xmessage> queued = try_read(m_shell)) {
            m_backlog.push_back(std::move(*queued));
        }
    }
    m_shell_request.answered = true;
    send_to(m_shell, xeus::xmessage(message.identities(), m_publisher.header(type), message.parent_header(),
                                    message.metadata(), completed(type, message.content()), {}));
}

void server::abort_queue_impl(const listener& abort, long /*polling_interval*/) {
    m_aborting = true;
    std::deque<xeus::xmessage> kept;
    for (xeus::xmessage& message : m_backlog) {
        if (message.header().value("msg_type", "") != "execute_request") {
            kept.push_back(std::move(message));
            continue;
        }
        const nl::json header = message.header();
        m_publisher.publish("status", header, nl::json::object(), {{"execution_state", "busy"}});
        abort(std::move(message));
        m_publisher.publish("status", header, nl::json::object(), {{"execution_state", "idle"}});
    }
    m_backlog = std::move(kept);
    m_aborting = false;
}

void server::ask(const std::string& prompt, bool password) {
    while (try_read(m_stdin)) { // an answer to an earlier question that was interrupted
    }
    m_publisher.flush();
    send_to(m_stdin,
            xeus::xmessage(m_shell_request.identities, m_publisher.header("input_request"), m_shell_request.header,
                           nl::json::object(), {{"prompt", prompt}, {"password", password}}, {}));
}

std::optional<std::string> server::try_answer(std::chrono::milliseconds patience) {
    if (std::optional<xeus::xmessage> answer = try_read(m_stdin)) {
        return answer->content().value("value", "");
    }
    pollfd item = {m_stdin.get(zmq::sockopt::fd), POLLIN, 0};
    ::poll(&item, 1, static_cast<int>(patience.count())); // a signal ends it early, and the caller looks at signals
    return std::nullopt;
}

void server::send_stdin_impl(xeus::xmessage message) {
    send_to(m_stdin, message);
}

void server::publish_impl(xeus::xpub_message message, xeus::channel channel) {
    const std::string type = message.header().value("msg_type", "");
    m_publisher.publish(type, message.parent_header(), message.metadata(), completed(type, message.content()));
    if (type == "status") {
        request& of = channel == xeus::channel::CONTROL ? m_control_request : m_shell_request;
        of.is_busy = message.content().value("execution_state", "") == "busy";
    }
    // Only cells take over the output: what a thread prints while a completion is computed belongs to its cell. They
    // do so once they are known to be busy: text that a thread or a subprocess writes meanwhile must not come before.
    if (type == "status" && message.content().value("execution_state", "") == "busy" &&
        message.parent_header().value("msg_type", "") == "execute_request") {
        m_publisher.set_parent(std::make_shared<const nl::json>(message.parent_header()));
    }
}

// ---- the other threads ---------------------------------------------------------------------------------------------

void server::run_control() {
    operator_stream::mark_kernel_thread();
    zmq::pollitem_t items[] = {{m_control.handle(), 0, ZMQ_POLLIN, 0},
                               {nullptr, m_control_stop.descriptor(), ZMQ_POLLIN, 0}};
    while (!m_stopping) {
        if (::zmq_poll(items, 2, -1) < 0) {
            continue; // EINTR
        }
        if ((items[1].revents & ZMQ_POLLIN) != 0) {
            return;
        }
        while (std::optional<xeus::xmessage> message = try_read(m_control)) {
            handle_control(std::move(*message));
        }
    }
}

void server::handle_control(xeus::xmessage message) {
    const nl::json& content = message.content();
    m_control_request = {message.header().value("msg_type", ""), message.identities(), message.header(), {}, {}};
    if (m_control_request.type == "debug_request" && content.is_object()) {
        m_control_request.debugger_sequence = content.value("seq", nl::json());
        m_control_request.debugger_command = content.value("command", nl::json());
    }
    if (contains(k_xeus_on_control, m_control_request.type)) {
        notify_control_listener(std::move(message));
        complete(m_control, m_control_request);
    } else {
        publish_status(m_control_request, "busy");
        if (m_control_request.type == "interrupt_request") {
            interrupt(m_main_thread);
            reply(m_control, m_control_request, {{"status", "ok"}});
        } else if (m_control_request.type == "shutdown_request") {
            serve_shutdown(m_control, m_control_request, message);
        }
        reply_if_unanswered(m_control, m_control_request);
        publish_status(m_control_request, "idle");
    }
}

void server::send_control_impl(xeus::xmessage message) {
    const std::string type = message.header().value("msg_type", "");
    m_control_request.answered = true;
    send_to(m_control, xeus::xmessage(message.identities(), m_publisher.header(type), message.parent_header(),
                                      message.metadata(), completed(type, message.content()), {}));
}

void server::run_heartbeat() {
    operator_stream::mark_kernel_thread();
    zmq::pollitem_t items[] = {{m_heartbeat.handle(), 0, ZMQ_POLLIN, 0},
                               {nullptr, m_heartbeat_stop.descriptor(), ZMQ_POLLIN, 0}};
    while (true) {
        if (::zmq_poll(items, 2, -1) < 0) {
            continue; // EINTR
        }
        if ((items[1].revents & ZMQ_POLLIN) != 0) {
            return;
        }
        zmq::multipart_t message;
        while (try_receive(m_heartbeat, message)) {
            send(m_heartbeat, std::move(message));
        }
    }
}

// ---- messages ------------------------------------------------------------------------------------------------------

std::optional<xeus::xmessage> server::try_read(zmq::socket_t& socket) {
    zmq::multipart_t wire;
    while (try_receive(socket, wire)) {
        try {
            xeus::xmessage message = from_wire(wire, m_signer);
            // Only now is it known to be no forgery.
            if (m_signer.signs() && !m_replay_guard.admits(signature_of(wire))) {
                std::clog << "xparallel: dropped a message that came a second time\n";
                continue;
            }
            return message;
        } catch (const std::exception& error) { // nobody to reply to
            std::clog << "xparallel: dropped a message: " << error.what() << '\n';
        }
    }
    return std::nullopt;
}

void server::send_to(zmq::socket_t& socket, const xeus::xmessage& message) const {
    send(socket, to_wire(message, m_signer));
}

// The type of the reply follows from that of the request.
void server::reply(zmq::socket_t& socket, request& to, nl::json content) const {
    const std::string type = to.type.substr(0, to.type.rfind('_')) + "_reply";
    to.answered = true;
    send_to(socket, xeus::xmessage(to.identities, m_publisher.header(type), to.header, nl::json::object(),
                                   completed(type, std::move(content)), {}));
}

// xeus does not reply to what it does not know, to what it cannot read, and when its debugger throws; nor does it then
// tell that it is idle again.
void server::complete(zmq::socket_t& socket, request& of) {
    reply_if_unanswered(socket, of);
    if (of.is_busy) {
        publish_status(of, "idle");
    }
}

void server::reply_if_unanswered(zmq::socket_t& socket, request& to) const {
    if (to.answered || !to.type.ends_with("_request")) {
        return;
    }
    if (to.type == "debug_request") {
        reply(socket, to,
              {{"type", "response"},
               {"request_seq", to.debugger_sequence},
               {"command", to.debugger_command},
               {"success", false},
               {"message", "the debugger cannot serve this now: a cell is running, or debugpy is missing"}});
    } else {
        reply(socket, to, error_content("RequestError", "the kernel cannot serve this " + to.type));
    }
}

// Fills in what xeus leaves out.
nl::json server::completed(const std::string& type, nl::json content) const {
    if (type == "execute_reply") {
        content["execution_count"] = p_hooks.execution_count();
        if (m_aborting) {
            content.update(error_content("ExecutionAborted", "an earlier cell of the queue failed"));
        }
    } else if (type == "kernel_info_reply") {
        content["protocol_version"] = k_protocol_version;
    }
    return content;
}

} // namespace xpar
