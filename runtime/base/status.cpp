#include "runtime/base/status.hpp"

#include "runtime/base/check.hpp"

#include <cerrno>
#include <system_error>

namespace xpar {

status status::from_errno(const char* operation) {
    const int code = errno;
    return error(code, operation);
}

status status::error(int errno_value, std::string what) {
    XPAR_CHECK(errno_value != 0, "an error needs an errno value");
    // generic_category: strerror of POSIX values, without its shared buffer.
    return {errno_value, std::move(what) + ": " + std::generic_category().message(errno_value)};
}

} // namespace xpar
