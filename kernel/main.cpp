// The kernel's parts and the order in which they start and end; nothing else.

#include "kernel/captured_output.hpp"
#include "kernel/command_line.hpp"
#include "kernel/connection_file.hpp"
#include "kernel/debugger.hpp"
#include "kernel/embed.hpp"
#include "kernel/interpreter.hpp"
#include "kernel/kernel_process.hpp"
#include "kernel/no_history.hpp"
#include "kernel/operator_stream.hpp"
#include "kernel/own_descriptors.hpp"
#include "kernel/parent_watch.hpp"
#include "kernel/server.hpp"
#include "kernel/signals.hpp"

#include "xeus/xeus_context.hpp"
#include "xeus/xkernel.hpp"

#include <functional>
#include <iostream>

namespace {

// xeus builds server and debugger with plain functions that get the context: what these need travels in it.
struct kernel_context final : xeus::xcontext {
    std::function<std::unique_ptr<xeus::xserver>(const xpar::configuration&)> make_server;
    std::function<std::unique_ptr<xeus::xdebugger>()> make_debugger;
};

std::unique_ptr<xeus::xserver> make_server(xeus::xcontext& context, const xeus::xconfiguration& config,
                                           nlohmann::json::error_handler_t) {
    return dynamic_cast<kernel_context&>(context).make_server(xpar::as_configuration(config));
}

std::unique_ptr<xeus::xdebugger> make_debugger(xeus::xcontext& context, const xpar::configuration&, const std::string&,
                                               const std::string&, const nlohmann::json&) {
    return dynamic_cast<kernel_context&>(context).make_debugger();
}

// Does not return by way of destructors once Python runs: objects that hold Python objects would outlive it.
[[noreturn]] void run(const xpar::command_line& command, int argument_count, char** arguments) {
    xpar::prepare_environment();
    const xpar::configuration config = xpar::read_connection_file(command.connection_file);
    const xpar::embedded_python python(argument_count, arguments);

    auto context = std::make_unique<kernel_context>();
    auto interpreter = std::make_unique<xpar::interpreter>(command.ipython_options);
    std::unique_ptr<xpar::captured_output> capture;
    xpar::server* server = nullptr;
    xpar::interpreter* const shell = interpreter.get();
    context->make_server = [&](const xpar::configuration& final_config) {
        auto made = std::make_unique<xpar::server>(final_config, *shell);
        server = made.get();
        capture = std::make_unique<xpar::captured_output>(made->output());
        shell->connect(*made, *capture);
        return made;
    };
    context->make_debugger = [shell] {
        return xpar::interpreter::has_debugger() ? std::make_unique<xpar::debugger>(*shell) : nullptr;
    };
    xpar::operator_stream::hold(); // xeus says what it is and does; the server has the last word (start_impl)
    xeus::xkernel kernel(config, xeus::get_user_name(), std::move(context), std::move(interpreter), make_server,
                         std::make_unique<xpar::no_history>(), nullptr, make_debugger, nlohmann::json::object(),
                         nlohmann::json::error_handler_t::replace);
    capture->start();
    {
        const xpar::parent_watch launcher([server] { server->stop(); });
        xpar::keep_own_descriptors();
        kernel.start();
    }
    shell->shut_down();
    capture->stop();
    server->close();
    xpar::embedded_python::finalise();
    std::cout.flush();
    ::_exit(0);
}

} // namespace

int main(int argument_count, char* arguments[]) {
    xpar::block_interrupts();
    try {
        xpar::watch_forks();
        const xpar::command_line command = xpar::parse_command_line(argument_count, arguments);
        if (command.wanted == xpar::command_line::action::version) {
            std::cout << "xparallel " XPAR_VERSION "\n";
            return 0;
        }
        if (command.wanted == xpar::command_line::action::help) {
            std::cout << xpar::k_usage;
            return 0;
        }
        const xpar::operator_stream operator_log;
        try {
            run(command, argument_count, arguments);
        } catch (const std::exception& error) {
            xpar::operator_stream::go_on();
            std::clog << "xparallel: " << error.what() << '\n';
            ::_exit(1);
        }
    } catch (const std::exception& error) {
        std::cerr << error.what();
        return 2;
    }
}
