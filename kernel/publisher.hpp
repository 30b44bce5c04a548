// The iopub socket: everything a front end sees without asking. Any thread may publish; nothing is dropped (no
// high-water mark) and messages leave in the order they were published.
//
// Text written to stdout and stderr is gathered and leaves as few stream messages: before any other message, when
// k_gathered_bytes are reached, and k_gather_time after it was written. Front ends drop what exceeds about 1000
// messages a second, so a loop of prints must not be a message each, not even when it flushes after each, nor when it
// writes to stdout and stderr in turn: of what is gathered at one time, the first k_ordered_pieces keep their order;
// later text joins the last piece of its own stream. A line that a thread is in the middle of is not cut by what others
// publish or by the timer, for k_line_time: print() writes its text and its end one after the other.
//
// One mutex guards socket and text. Nothing is called while it is held that could wait for the GIL, so it may be taken
// with the GIL held. In a forked child every call returns false before it touches the mutex: the parent may have held
// it.
#pragma once

#include "nlohmann/json.hpp"
#include "xeus/xauthentication.hpp"
#include "xeus/xkernel_configuration.hpp"
#include "xeus/xmessage.hpp"
#include "zmq.hpp"
#include "zmq_addon.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace xpar {

using parent_ptr = std::shared_ptr<const nlohmann::json>; // the header of the request an output belongs to; never null

class publisher {
public:
    static constexpr std::size_t k_gathered_bytes = 65536;
    static constexpr std::size_t k_ordered_pieces = 20;
    static constexpr std::chrono::milliseconds k_gather_time{100};
    static constexpr std::chrono::milliseconds k_flush_interval{50};
    static constexpr std::chrono::milliseconds k_line_time{20};

    publisher(zmq::context_t& context, const xeus::xconfiguration& config);
    ~publisher();
    publisher(const publisher&) = delete;
    publisher& operator=(const publisher&) = delete;

    std::string port() const;

    // Takes user, session and topic over from the kernel's first message, sends it and starts the timer.
    void start(xeus::xpub_message first);
    // Sends what is left; afterwards everything is dropped.
    void close();

    // The cell, or comm message, output of the main thread and of its threads belongs to.
    parent_ptr parent() const;
    void set_parent(parent_ptr parent);

    bool publish(const std::string& type, const nlohmann::json& parent, nlohmann::json metadata, nlohmann::json content,
                 xeus::buffer_sequence buffers = {});
    // Without a parent, text belongs to parent().
    bool write(std::string_view stream, std::string_view text, const parent_ptr& parent = nullptr);
    bool flush();
    // What a program's flush() asks for: at once, but not more often than every k_flush_interval; the timer does the
    // rest.
    bool flush_soon();
    // The header of a message of the given type, for those that leave by other sockets too.
    nlohmann::json header(const std::string& type) const;

private:
    struct gathered {
        parent_ptr parent;
        std::string stream;
        std::string text;
        std::thread::id writer; // who wrote last
        std::chrono::steady_clock::time_point line_began;
    };

    void send_locked(const std::string& type, const nlohmann::json& parent, nlohmann::json metadata,
                     nlohmann::json content, xeus::buffer_sequence buffers);
    void flush_locked();
    // All but lines that other threads are in the middle of.
    void flush_lines_locked();
    void send_piece_locked(gathered& piece);
    void run_timer();

    const std::unique_ptr<xeus::xauthentication> m_authentication;

    mutable std::mutex m_mutex; // guards all below
    zmq::socket_t m_socket;
    bool m_open = true;
    std::string m_topic_prefix = "xparallel.";
    std::string m_user;
    std::string m_session;
    parent_ptr m_parent = std::make_shared<const nlohmann::json>(nlohmann::json::object());
    std::vector<gathered> m_gathered;
    std::size_t m_gathered_bytes = 0;
    std::chrono::steady_clock::time_point m_last_flush;
    std::condition_variable m_changed; // text was gathered, or the publisher was closed
    std::thread m_timer;
};

} // namespace xpar
