// The outcome of an operation that the system may refuse: an errno value, and a sentence for people.
// Not for broken invariants (check.hpp), nor above the Python line, where exceptions are the rule.
#pragma once

#include <string>
#include <utility>

namespace xpar {

class [[nodiscard]] status {
public:
    static status ok() noexcept { return {}; }

    // To be called at once after the failure: it reads errno. `operation` is what was tried, e.g. "mmap of the region".
    static status from_errno(const char* operation);
    static status error(int errno_value, std::string what);

    explicit operator bool() const noexcept { return m_code == 0; }
    int code() const noexcept { return m_code; } // 0 when ok
    const std::string& what() const noexcept { return m_what; }

private:
    status() noexcept = default;
    status(int code, std::string what) noexcept : m_code(code), m_what(std::move(what)) {}

    int m_code = 0;
    std::string m_what;
};

} // namespace xpar
