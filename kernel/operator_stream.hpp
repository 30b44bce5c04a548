// Where the kernel tells its operator (the log of the Jupyter server) what went wrong, as opposed to what users print.
// Descriptor 2 belongs to the cells once captured_output has it; std::clog keeps going to what descriptor 2 was before.
// So does std::cerr, which xeus writes to, in the threads and times that run the kernel's own code; C++ code a cell
// calls writes to its std::cerr as ever.
#pragma once

#include <memory>
#include <streambuf>

namespace xpar {

class operator_stream {
public:
    // Before any other thread exists. Throws std::system_error when the process is out of descriptors.
    operator_stream();
    ~operator_stream();
    operator_stream(const operator_stream&) = delete;
    operator_stream& operator=(const operator_stream&) = delete;

    int descriptor() const noexcept { return m_descriptor; }

    // Between these two nothing reaches the operator: not what libraries say of themselves when they start.
    static void hold() noexcept;
    static void go_on() noexcept;

    // The calling thread runs nothing but the kernel's own code from here on.
    static void mark_kernel_thread() noexcept;

private:
    int m_descriptor;
    std::unique_ptr<std::streambuf> m_for_clog;
    std::unique_ptr<std::streambuf> m_for_cerr;
    std::streambuf* p_clog_before;
    std::streambuf* p_cerr_before;
};

// While it lives, the calling thread runs code of the user.
class user_code_scope {
public:
    user_code_scope() noexcept;
    ~user_code_scope();
    user_code_scope(const user_code_scope&) = delete;
    user_code_scope& operator=(const user_code_scope&) = delete;

private:
    bool m_was_kernel;
};

} // namespace xpar
