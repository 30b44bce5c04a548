#include "kernel/interpreter.hpp"

#include "kernel/json_bridge.hpp"
#include "kernel/kernel_process.hpp"
#include "kernel/operator_stream.hpp"
#include "kernel/signals.hpp"

#include "pybind11/stl.h"

#include <cstdio>
#include <iostream>

#include <unistd.h>

namespace xpar {

namespace nl = nlohmann;
namespace py = pybind11;

namespace {

// The handlers of signals that have arrived run now. Outside a window ours raises nothing; one of the user may.
void run_signal_handlers() {
    while (PyErr_CheckSignals() != 0) {
        PyErr_WriteUnraisable(Py_None);
    }
}

// The last resort, where not even Python's own half could say what went wrong. Never throws.
nl::json error_reply(const py::error_already_set& error) {
    std::string name = error.type() ? reinterpret_cast<PyTypeObject*>(error.type().ptr())->tp_name : "Exception";
    name.erase(0, name.rfind('.') + 1);
    return {{"status", "error"},
            {"ename", std::move(name)},
            {"evalue", "the kernel's own code failed"},
            {"traceback", nl::json::array()}};
}

} // namespace

interpreter::interpreter(std::vector<std::string> ipython_options) : m_ipython_options(std::move(ipython_options)) {}

// Only when the kernel could not start: takes the GIL back if it was released, for all that is destroyed after this.
interpreter::~interpreter() {
    m_release_gil.reset();
}

bool interpreter::has_debugger() {
    return py::cast<bool>(py::module_::import("xparallel_kernel.info").attr("has_debugger")());
}

void interpreter::connect(server& to, captured_output& capture) {
    p_publisher = &to.output();
    p_capture = &capture;
    m_native = std::make_unique<native>(to, capture);
    m_native_object = native::bind(*m_native);
}

void interpreter::instanciate_ipython_shell() {
    m_ipython_shell_app =
        py::module_::import("xparallel_kernel.application").attr("Application")(m_native_object, m_ipython_options);
}

void interpreter::configure_impl() {
    // What xeus sends on its own belongs to the request being handled; its copy of that header is not safe to read
    // while a thread prints, the publisher's is.
    publish_with([this](const std::string& type, nl::json metadata, nl::json content, xeus::buffer_sequence buffers) {
        if (type == "execute_input") {
            content["execution_count"] = m_next_count;
        }
        p_publisher->publish(type, *p_publisher->parent(), std::move(metadata), std::move(content), std::move(buffers));
    });
    python_interpreter::configure_impl();
    const py::gil_scoped_acquire gil;
    m_kernel = py::module_::import("xparallel_kernel.kernel").attr("Kernel")(m_ipython_shell_app, m_native_object);
    m_kernel_info = to_json(m_kernel.attr("info")());
}

void interpreter::shut_down() {
    const py::gil_scoped_acquire gil;
    try {
        m_kernel.attr("shut_down")();
    } catch (const py::error_already_set& error) {
        std::clog << "xparallel: shutting down: " << error.what() << '\n';
    }
}

// ---- running code --------------------------------------------------------------------------------------------------

py::object interpreter::run_user_code(const std::function<void()>& code) {
    run_signal_handlers(); // of signals that came before, so that they do not hit this code
    try {
        const interrupt_window window;
        const user_code_scope scope;
        code();
    } catch (const py::error_already_set& error) {
        return error.value();
    } catch (const std::exception& error) { // of a conversion
        return py::module_::import("builtins").attr("RuntimeError")(error.what());
    }
    return py::none();
}

// A child that user code has forked and that falls out of its cell must not go on as a second kernel on the same
// sockets.
void interpreter::leave_if_forked() {
    if (is_kernel_process()) {
        return;
    }
    int status = 1;
    try {
        status = py::cast<int>(m_kernel.attr("child_status")());
    } catch (const std::exception&) {
        // it failed twice: 1 says so
    }
    std::fflush(nullptr);
    ::_exit(status);
}

nl::json interpreter::run_cell(const std::string& code, const cell_options& options, const nl::json& user_expressions) {
    const py::gil_scoped_acquire gil;
    // Again: after the cell that closed it, a thread that opened some file may have had the number for a moment.
    p_capture->repair();
    nl::json reply;
    try {
        m_kernel.attr("begin_cell")(code, options.silent, options.store_history, options.allow_stdin);
        const py::object escaped = run_user_code([this] { m_kernel.attr("run_cell")(); });
        leave_if_forked();
        m_kernel.attr("note_escaped")(escaped);
        if (user_expressions.is_object() && !user_expressions.empty()) {
            m_kernel.attr("note_escaped")(
                run_user_code([&] { m_kernel.attr("evaluate")(to_python(user_expressions)); }));
            leave_if_forked();
        }
        const py::tuple ended = m_kernel.attr("end_cell")();
        reply = to_json(ended[0]);
        m_next_count = py::cast<int>(ended[1]);
        m_has_background = py::cast<bool>(ended[2]);
    } catch (const py::error_already_set& error) {
        std::clog << "xparallel: " << error.what() << '\n';
        reply = error_reply(error);
    } catch (const std::exception& error) { // a count that is no number any more
        std::clog << "xparallel: " << error.what() << '\n';
        reply = {
            {"status", "error"}, {"ename", "KernelError"}, {"evalue", error.what()}, {"traceback", nl::json::array()}};
    }
    p_capture->repair();
    return reply;
}

// ---- other requests ------------------------------------------------------------------------------------------------

nl::json interpreter::ask_python(const char* method, const std::function<py::object()>& call) {
    nl::json content;
    const py::object escaped = run_user_code([&] { content = to_json(call()); });
    leave_if_forked();
    if (escaped.is_none()) {
        return content;
    }
    // An interrupt, or user code that broke something the answer needs.
    try {
        return to_json(m_kernel.attr("failed_request")(method, escaped));
    } catch (const py::error_already_set& error) {
        return error_reply(error);
    }
}

nl::json interpreter::complete_request_impl(const std::string& code, int cursor) {
    const py::gil_scoped_acquire gil;
    return ask_python("complete", [&] { return m_kernel.attr("complete")(code, cursor); });
}

nl::json interpreter::inspect_request_impl(const std::string& code, int cursor, int detail) {
    const py::gil_scoped_acquire gil;
    return ask_python("inspect", [&] { return m_kernel.attr("inspect")(code, cursor, detail); });
}

nl::json interpreter::is_complete_request_impl(const std::string& code) {
    const py::gil_scoped_acquire gil;
    return ask_python("is_complete", [&] { return m_kernel.attr("is_complete")(code); });
}

// From the control thread, by way of the messenger: the one thing the debugger needs the main thread for.
nl::json interpreter::internal_request_impl(const nl::json&) {
    const py::gil_scoped_acquire gil;
    return ask_python("start the debugger", [&] { return m_kernel.attr("start_debugger")(); });
}

nl::json interpreter::debug(const nl::json& header, const nl::json& request) {
    const py::gil_scoped_acquire gil;
    return to_json(m_kernel.attr("debugger").attr("process")(to_python(header), to_python(request)));
}

std::optional<nl::json> interpreter::handle(const xeus::xmessage& message) {
    const py::gil_scoped_acquire gil;
    nl::json content = ask_python("handle", [&]() -> py::object {
        py::dict parts;
        parts["header"] = to_python(message.header());
        parts["parent_header"] = to_python(message.parent_header());
        parts["metadata"] = to_python(message.metadata());
        parts["content"] = to_python(message.content());
        parts["buffers"] = to_memoryviews(message.buffers());
        return m_kernel.attr("handle")(parts);
    });
    const std::string type = message.header().value("msg_type", "");
    return type.ends_with("_request") ? std::optional(std::move(content)) : std::nullopt;
}

// ---- between requests ----------------------------------------------------------------------------------------------

void interpreter::woken() {
    const py::gil_scoped_acquire gil;
    const py::object escaped = run_user_code([this] { m_kernel.attr("woken")(); });
    leave_if_forked();
    if (!escaped.is_none()) {
        ask_python("show", [&]() -> py::object { return m_kernel.attr("show_escaped")(escaped); });
    }
}

void interpreter::signalled() {
    const py::gil_scoped_acquire gil;
    run_signal_handlers();
}

bool interpreter::run_meanwhile(int first_descriptor, int second_descriptor) {
    if (!m_has_background) {
        return false;
    }
    const py::gil_scoped_acquire gil;
    m_has_background = false;
    // An interrupt has ended the coroutine it met, if any; there is no cell left to report it to.
    const py::object escaped = run_user_code([&] {
        m_has_background = py::cast<bool>(m_kernel.attr("run_background")(first_descriptor, second_descriptor));
    });
    leave_if_forked();
    if (!escaped.is_none()) {
        m_has_background = true; // looked at again, by the next call
    }
    return true;
}

} // namespace xpar
