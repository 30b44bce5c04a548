// The iopub socket: everything a front end sees without asking. Any thread may publish; nothing is dropped (no
// high-water mark) and messages leave in the order they were published.
//
// Text written to stdout and stderr is gathered (gathered_text.hpp) and leaves as few stream messages: before any
// message that has a place in its cell's output, when k_gathered_bytes are reached, and k_gather_time after it was
// written. A line that a thread is in the middle of is not cut by the timer, by messages of other cells and by those
// that have no place, like updates of what is shown already, for gathered_text::k_line_time: print() writes its text
// and its end one after the other.
//
// One mutex guards socket and text. Nothing is called while it is held that could wait for the GIL, so it may be taken
// with the GIL held. In a forked child every call returns false before it touches the mutex: the parent may have held
// it.
#pragma once

#include "kernel/gathered_text.hpp"
#include "kernel/wire.hpp"
#include "kernel/xeus_compat.hpp"

#include "nlohmann/json.hpp"
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

class publisher {
public:
    static constexpr std::size_t k_gathered_bytes = 65536;
    static constexpr std::chrono::milliseconds k_gather_time{100};
    static constexpr std::chrono::milliseconds k_flush_interval{50};

    publisher(zmq::context_t& context, const configuration& config);
    ~publisher();
    publisher(const publisher&) = delete;
    publisher& operator=(const publisher&) = delete;

    std::string port() const;

    // Takes user, session and topic over from the kernel's first message, sends it and starts the timer.
    void start(const xeus::xpub_message& first);
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
    void send_locked(const std::string& type, const nlohmann::json& parent, nlohmann::json metadata,
                     nlohmann::json content, xeus::buffer_sequence buffers);
    void flush_locked();
    void send_text_locked(std::vector<gathered_text::piece> pieces);
    void run_timer();

    const signer m_signer;

    mutable std::mutex m_mutex; // guards all below
    zmq::socket_t m_socket;
    bool m_open = true;
    std::string m_topic_prefix = "xparallel.";
    std::string m_user;
    std::string m_session;
    parent_ptr m_parent = std::make_shared<const nlohmann::json>(nlohmann::json::object());
    gathered_text m_gathered;
    std::chrono::steady_clock::time_point m_last_flush;
    std::condition_variable m_changed; // text was gathered, or the publisher was closed
    std::thread m_timer;
};

} // namespace xpar
