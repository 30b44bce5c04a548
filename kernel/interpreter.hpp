// Between xeus's requests and the Python half of the kernel: takes the GIL, opens the window in which interrupts may
// arrive, and turns whatever comes back into exactly one reply. What a cell means is IPython's and xparallel_kernel's.
// Main thread, except kernel_info_request_impl and shutdown_request_impl, which the control thread calls as well, and
// debug, which is its own.
#pragma once

#include "kernel/native.hpp"
#include "kernel/shell_hooks.hpp"
#include "kernel/xeus_compat.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace xpar {

class interpreter final : public any_xeus_interpreter, public shell_hooks {
public:
    explicit interpreter(std::vector<std::string> ipython_options);
    ~interpreter() override;

    // Under the GIL, once Python runs: is debugpy installed?
    static bool has_debugger();

    // Before the kernel configures this interpreter.
    void connect(server& to, captured_output& capture);

    // After the server has stopped: ends contexts and the shell. Python is finalised by whoever started it.
    void shut_down();

    // Control thread: the content of the reply to a debug_request.
    nlohmann::json debug(const nlohmann::json& header, const nlohmann::json& request);

    std::optional<nlohmann::json> handle(const xeus::xmessage& message) override;
    int execution_count() const override { return m_next_count - 1; }
    void woken() override;
    void signalled() override;
    bool run_meanwhile(int first_descriptor, int second_descriptor) override;

private:
    void instanciate_ipython_shell() override;
    void configure_impl() override;
    nlohmann::json run_cell(const std::string& code, const cell_options& options,
                            const nlohmann::json& user_expressions) override;
    nlohmann::json complete_request_impl(const std::string& code, int cursor) override;
    nlohmann::json inspect_request_impl(const std::string& code, int cursor, int detail) override;
    nlohmann::json is_complete_request_impl(const std::string& code) override;
    nlohmann::json kernel_info_request_impl() override { return m_kernel_info; }
    nlohmann::json internal_request_impl(const nlohmann::json& content) override;

    // Runs code of the user: interrupts may arrive. Returns the exception it ended with, if any.
    pybind11::object run_user_code(const std::function<void()>& code);
    nlohmann::json ask_python(const char* method, const std::function<pybind11::object()>& call);
    void leave_if_forked();

    const std::vector<std::string> m_ipython_options;
    publisher* p_publisher = nullptr;
    captured_output* p_capture = nullptr;
    std::unique_ptr<native> m_native;
    pybind11::object m_native_object;
    pybind11::object m_kernel;    // xparallel_kernel.kernel.Kernel
    nlohmann::json m_kernel_info; // written before the control thread exists
    int m_next_count = 1;         // the number of the next cell that is stored
    bool m_has_background = false;
};

} // namespace xpar
