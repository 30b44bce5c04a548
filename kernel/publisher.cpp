#include "kernel/publisher.hpp"

#include "kernel/kernel_process.hpp"
#include "kernel/message_header.hpp"
#include "kernel/sockets.hpp"

#include "xeus/xguid.hpp"
#include "xeus/xkernel.hpp"

namespace xpar {

namespace nl = nlohmann;

namespace {

// Does it matter to who looks at a cell what was printed before this message came?
bool has_place(const std::string& type) {
    return type != "status" && type != "update_display_data";
}

} // namespace

publisher::publisher(zmq::context_t& context, const configuration& config)
    : m_signer(config.m_signature_scheme, config.m_key), m_socket(context, zmq::socket_type::pub),
      m_user(xeus::get_user_name()), m_session(xeus::new_xguid()) {
    m_socket.set(zmq::sockopt::sndhwm, 0);
    bind(m_socket, config, config.m_iopub_port);
}

// What close() throws ends the process, which is ending. NOLINTNEXTLINE(bugprone-exception-escape)
publisher::~publisher() {
    close();
}

std::string publisher::port() const {
    const std::lock_guard lock(m_mutex);
    return bound_port(m_socket);
}

void publisher::start(const xeus::xpub_message& first) {
    const std::lock_guard lock(m_mutex);
    const std::string& topic = first.topic();
    m_topic_prefix = topic.substr(0, topic.rfind('.') + 1);
    m_user = first.header().value("username", m_user);
    m_session = first.header().value("session", m_session);
    send_locked("status", nl::json::object(), nl::json::object(), first.content(), {});
    flush_locked();
    m_timer = std::thread(&publisher::run_timer, this);
}

void publisher::close() {
    if (!is_kernel_process()) {
        return;
    }
    {
        const std::lock_guard lock(m_mutex);
        if (!m_open) {
            return;
        }
        flush_locked();
        m_open = false;
        m_socket.close();
        m_changed.notify_all();
    }
    if (m_timer.joinable()) {
        m_timer.join();
    }
}

parent_ptr publisher::parent() const {
    if (!is_kernel_process()) {
        return std::make_shared<const nl::json>(nl::json::object());
    }
    const std::lock_guard lock(m_mutex);
    return m_parent;
}

void publisher::set_parent(parent_ptr parent) {
    if (!is_kernel_process()) {
        return;
    }
    const std::lock_guard lock(m_mutex);
    m_parent = std::move(parent);
}

bool publisher::publish(const std::string& type, const nl::json& parent, nl::json metadata, nl::json content,
                        xeus::buffer_sequence buffers) {
    if (!is_kernel_process()) {
        return false;
    }
    const std::lock_guard lock(m_mutex);
    const auto now = std::chrono::steady_clock::now();
    const auto self = std::this_thread::get_id();
    send_text_locked(has_place(type) ? m_gathered.take_cell(parent, self, now) : m_gathered.take_lines(self, now));
    send_locked(type, parent, std::move(metadata), std::move(content), std::move(buffers));
    return true;
}

bool publisher::write(std::string_view stream, std::string_view text, const parent_ptr& parent) {
    if (!is_kernel_process()) {
        return false;
    }
    const std::lock_guard lock(m_mutex);
    const bool first = m_gathered.bytes() == 0;
    m_gathered.add(stream, text, parent ? parent : m_parent, std::this_thread::get_id(),
                   std::chrono::steady_clock::now());
    if (m_gathered.bytes() >= k_gathered_bytes) {
        flush_locked();
    } else if (first) {
        m_changed.notify_all();
    }
    return true;
}

bool publisher::flush() {
    if (!is_kernel_process()) {
        return false;
    }
    const std::lock_guard lock(m_mutex);
    flush_locked();
    return true;
}

bool publisher::flush_soon() {
    if (!is_kernel_process()) {
        return false;
    }
    const std::lock_guard lock(m_mutex);
    if (std::chrono::steady_clock::now() - m_last_flush >= k_flush_interval) {
        flush_locked();
    }
    return true;
}

nl::json publisher::header(const std::string& type) const {
    const std::lock_guard lock(m_mutex);
    return make_message_header(type, m_user, m_session);
}

void publisher::send_locked(const std::string& type, const nl::json& parent, nl::json metadata, nl::json content,
                            xeus::buffer_sequence buffers) {
    if (!m_open) {
        return;
    }
    const xeus::xpub_message message(m_topic_prefix + type, make_message_header(type, m_user, m_session), parent,
                                     std::move(metadata), std::move(content), std::move(buffers));
    send(m_socket, to_wire(message, m_signer));
}

void publisher::flush_locked() {
    send_text_locked(m_gathered.take_all());
}

void publisher::send_text_locked(std::vector<gathered_text::piece> pieces) {
    for (gathered_text::piece& piece : pieces) {
        nl::json content = {{"name", piece.stream}, {"text", std::move(piece.text)}};
        send_locked("stream", *piece.parent, nl::json::object(), std::move(content), {});
    }
    if (!pieces.empty()) {
        m_last_flush = std::chrono::steady_clock::now();
    }
}

void publisher::run_timer() {
    std::unique_lock lock(m_mutex);
    while (m_open) {
        m_changed.wait(lock, [this] { return !m_open || m_gathered.bytes() != 0; });
        // More text or a flush in between does not matter: what is there in the end has waited at most k_gather_time,
        // or twice as long where it ends in the middle of a line.
        m_changed.wait_for(lock, k_gather_time, [this] { return !m_open; });
        send_text_locked(m_gathered.take_lines(std::this_thread::get_id(), std::chrono::steady_clock::now()));
    }
}

} // namespace xpar
