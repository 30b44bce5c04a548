// What differs between xeus 2.4, 5 and 6: nothing else asks for its version. Nor for that of xeus-python's library,
// whose interpreter ours derives from where there is one (XPAR_HAS_XEUS_PYTHON); elsewhere what is used of it is here.
#pragma once

#include "nlohmann/json.hpp"
#include "pybind11/pybind11.h"
#include "xeus/xeus.hpp"
#include "xeus/xinterpreter.hpp"
#include "xeus/xkernel_configuration.hpp"

#ifdef XPAR_HAS_XEUS_PYTHON
#include "xeus-python/xinterpreter.hpp"
#else
#include "xeus/xsystem.hpp"
#endif

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace xpar {

// ---- configuration -------------------------------------------------------------------------------------------------

// Ports, transport and key of a connection file.
#if XEUS_VERSION_MAJOR >= 6
using configuration = xeus::xkernel_configuration;
#else
using configuration = xeus::xconfiguration;
#endif

// xeus 6 has a second kind, for a kernel that registers its ports with whoever starts it. Throws
// std::bad_variant_access for one.
inline const configuration& as_configuration(const xeus::xconfiguration& any) {
#if XEUS_VERSION_MAJOR >= 6
    return std::get<configuration>(any);
#else
    return any;
#endif
}

// ---- the interpreter that xeus asks --------------------------------------------------------------------------------

#ifdef XPAR_HAS_XEUS_PYTHON

// Neither output nor displays are redirected by it: streams and display hook are this kernel's own. From 0.19 on it
// wants a namespace first.
template <class Interpreter>
class without_redirection : public Interpreter {
protected:
    without_redirection()
        requires(std::is_constructible_v<Interpreter, bool, bool>)
        : Interpreter(false, false) {}
    without_redirection()
        requires(!std::is_constructible_v<Interpreter, bool, bool>)
        : Interpreter(pybind11::dict(), false, false) {}
};

class python_interpreter : public without_redirection<xpyt::interpreter> {
protected:
    python_interpreter() { m_release_gil_at_startup = true; }
};

#else

// xeus-python's interpreter class, as far as this kernel uses it.
class python_interpreter : public xeus::xinterpreter {
protected:
    python_interpreter() { xeus::register_interpreter(this); }

    // Releases the GIL, which the main thread has since Python was started, and starts the shell.
    void configure_impl() override {
        m_release_gil = std::make_unique<pybind11::gil_scoped_release>();
        const pybind11::gil_scoped_acquire gil;
        instanciate_ipython_shell();
        m_ipython_shell_app.attr("initialize")();
        // Where a debugger looks for the code of a cell.
        m_ipython_shell_app.attr("shell").attr("compile").attr("get_filename") =
            pybind11::cpp_function([prefix = xeus::get_tmp_prefix("xparallel")](const std::string& code) {
                return xeus::get_cell_tmp_file(prefix, code, ".py");
            });
    }

    pybind11::object m_ipython_shell_app;
    std::unique_ptr<pybind11::gil_scoped_release> m_release_gil;

private:
    virtual void instanciate_ipython_shell() = 0;
};

#endif

struct cell_options {
    bool silent = false;
    bool store_history = true;
    bool allow_stdin = true;
};

// The requests whose functions differ, as functions that do not.
class any_xeus_interpreter : public python_interpreter {
protected:
    // The content of the reply to an execute_request.
    virtual nlohmann::json run_cell(const std::string& code, const cell_options& options,
                                    const nlohmann::json& user_expressions) = 0;

    // Called with what xeus publishes by itself.
    using publish_function = std::function<void(const std::string& type, nlohmann::json metadata,
                                                nlohmann::json content, xeus::buffer_sequence buffers)>;

    void publish_with(const publish_function& publish) {
#if XEUS_VERSION_MAJOR >= 5
        register_publisher([publish](const xeus::xrequest_context&, const std::string& type, nlohmann::json metadata,
                                     nlohmann::json content, xeus::buffer_sequence buffers) {
            publish(type, std::move(metadata), std::move(content), std::move(buffers));
        });
#else
        register_publisher(publish);
#endif
    }

private:
#if XEUS_VERSION_MAJOR >= 5
    void execute_request_impl(send_reply_callback reply, int /*count*/, const std::string& code,
                              xeus::execute_request_config config, nlohmann::json user_expressions) final {
        reply(run_cell(code, {config.silent, config.store_history, config.allow_stdin}, user_expressions));
    }
#else
    nlohmann::json execute_request_impl(int /*count*/, const std::string& code, bool silent, bool store_history,
                                        nlohmann::json user_expressions, bool allow_stdin) final {
        return run_cell(code, {silent, store_history, allow_stdin}, user_expressions);
    }
#endif

    // What there is to do is the server's.
#if XEUS_VERSION_MAJOR >= 6
    nlohmann::json shutdown_request_impl(bool restart) final {
        return {{"status", "ok"}, { "restart", restart }};
    }
    nlohmann::json interrupt_request_impl() final { return {{"status", "ok"}}; }
#else
    void shutdown_request_impl() final {}
#endif
};

} // namespace xpar
