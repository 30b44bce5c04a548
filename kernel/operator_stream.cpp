#include "kernel/operator_stream.hpp"

#include <cerrno>
#include <iostream>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace xpar {

namespace {

thread_local bool t_runs_kernel_code = false;

void write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return; // the operator's end is closed: there is nobody left to tell
        }
        text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
}

// Unbuffered: what it says must be out before a crash.
class descriptor_buffer final : public std::streambuf {
public:
    descriptor_buffer(int kernel, int user) : m_kernel(kernel), m_user(user) {}

private:
    int_type overflow(int_type character) override {
        if (!traits_type::eq_int_type(character, traits_type::eof())) {
            const char c = traits_type::to_char_type(character);
            xsputn(&c, 1);
        }
        return traits_type::not_eof(character);
    }

    std::streamsize xsputn(const char* text, std::streamsize size) override {
        write_all(t_runs_kernel_code ? m_kernel : m_user, {text, static_cast<std::size_t>(size)});
        return size;
    }

    int m_kernel;
    int m_user;
};

} // namespace

operator_stream::operator_stream()
    : m_descriptor(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)), p_clog_before(std::clog.rdbuf()),
      p_cerr_before(std::cerr.rdbuf()) {
    if (m_descriptor < 0) {
        throw std::system_error(errno, std::generic_category(), "standard error");
    }
    m_for_clog = std::make_unique<descriptor_buffer>(m_descriptor, m_descriptor);
    m_for_cerr = std::make_unique<descriptor_buffer>(m_descriptor, STDERR_FILENO);
    std::clog.rdbuf(m_for_clog.get());
    std::cerr.rdbuf(m_for_cerr.get());
    mark_kernel_thread();
}

operator_stream::~operator_stream() {
    std::clog.rdbuf(p_clog_before);
    std::cerr.rdbuf(p_cerr_before);
    ::close(m_descriptor);
}

void operator_stream::hold() noexcept {
    for (std::ostream* const stream : {&std::cout, &std::cerr, &std::clog}) {
        stream->setstate(std::ios_base::failbit);
    }
}

void operator_stream::go_on() noexcept {
    for (std::ostream* const stream : {&std::cout, &std::cerr, &std::clog}) {
        stream->clear();
    }
}

void operator_stream::mark_kernel_thread() noexcept {
    t_runs_kernel_code = true;
}

user_code_scope::user_code_scope() noexcept : m_was_kernel(t_runs_kernel_code) {
    t_runs_kernel_code = false;
}

user_code_scope::~user_code_scope() {
    t_runs_kernel_code = m_was_kernel;
}

} // namespace xpar
