// The kernel's sockets and threads. The main thread serves shell and stdin and runs all user code; one thread serves
// control; one answers heartbeats. Whoever publishes uses the publisher.
//
// Every request gets exactly one reply: what xeus leaves unanswered is answered here.
// Ending: stop() may be called on any thread. The main thread then returns from start(); if it has not ended the
// process k_time_to_end later, the process ends at once. See README.md.
#pragma once

#include "kernel/messenger.hpp"
#include "kernel/notifier.hpp"
#include "kernel/publisher.hpp"
#include "kernel/replay_guard.hpp"
#include "kernel/shell_hooks.hpp"
#include "kernel/wire.hpp"
#include "kernel/xeus_compat.hpp"

#include "xeus/xserver.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <thread>

#include <pthread.h>

namespace xpar {

class server final : public xeus::xserver {
public:
    // Less than the 2.5 s after which Jupyter sends SIGTERM, with room for the reply to travel.
    static constexpr std::chrono::milliseconds k_time_to_end{1500};

    // Constructed on the main thread. Throws std::runtime_error when a port is taken.
    server(const configuration& config, shell_hooks& hooks);
    ~server() override;

    publisher& output() { return m_publisher; }

    // Any thread of this process: hooks.woken() is called soon, when no request is being handled.
    void wake();

    // Main thread, while it handles a request: asks the front end, then takes the answer when it has come.
    void ask(const std::string& prompt, bool password);
    std::optional<std::string> try_answer(std::chrono::milliseconds patience);

    // Main thread, last of all: sends what is left and closes the sockets.
    void close();

private:
    struct request { // what a reply needs to know
        std::string type;
        xeus::xmessage::guid_list identities;
        nlohmann::json header;
        nlohmann::json debugger_sequence; // of debug_request only
        nlohmann::json debugger_command;
        bool answered = false;
        bool is_busy = false; // as xeus has told
    };

    xeus::xcontrol_messenger& get_control_messenger_impl() override { return m_messenger; }
    void send_shell_impl(xeus::xmessage message) override;
    void send_control_impl(xeus::xmessage message) override;
    void send_stdin_impl(xeus::xmessage message) override;
    void publish_impl(xeus::xpub_message message, xeus::channel channel) override;
    void start_impl(xeus::xpub_message message) override;
    void abort_queue_impl(const listener& abort, long polling_interval) override;
    void stop_impl() override;
    void update_config_impl(configuration& config) const override;

    void run_shell();
    void wait_for_shell();
    void handle_shell(xeus::xmessage message);
    void serve_shutdown(zmq::socket_t& socket, request& to, const xeus::xmessage& message);
    void handle_ourselves(const xeus::xmessage& message);
    void run_control();
    void handle_control(xeus::xmessage message);
    void run_heartbeat();

    std::optional<xeus::xmessage> try_read(zmq::socket_t& socket);
    void send_to(zmq::socket_t& socket, const xeus::xmessage& message) const;
    void reply(zmq::socket_t& socket, request& to, nlohmann::json content) const;
    void complete(zmq::socket_t& socket, request& of);
    void reply_if_unanswered(zmq::socket_t& socket, request& to) const;
    nlohmann::json completed(const std::string& type, nlohmann::json content) const;
    void publish_status(const request& of, const char* state);

    const pthread_t m_main_thread = ::pthread_self();
    shell_hooks& p_hooks;
    const signer m_signer;
    zmq::context_t m_context;

    replay_guard m_replay_guard;
    publisher m_publisher;
    zmq::socket_t m_shell;     // main thread
    zmq::socket_t m_stdin;     // main thread
    zmq::socket_t m_control;   // control thread
    zmq::socket_t m_heartbeat; // heartbeat thread

    notifier m_shell_wake; // a request of the control thread, wake(), or the end
    notifier m_control_stop;
    notifier m_heartbeat_stop;
    messenger m_messenger;

    std::atomic<bool> m_stopping = false;
    std::atomic<bool> m_busy = false; // the main thread handles something an interrupt would end
    std::atomic<bool> m_wake_wanted = false;

    // Main thread only.
    request m_shell_request;
    std::deque<xeus::xmessage> m_backlog; // arrived before the reply to the current request was sent
    bool m_aborting = false;
    // Control thread only.
    request m_control_request;

    std::thread m_control_thread;
    std::thread m_heartbeat_thread;
};

} // namespace xpar
