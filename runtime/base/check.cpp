#include "runtime/base/check.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace xpar::detail {

void check_failed(const char* file, int line, const char* condition, const char* message) noexcept {
    char digits[12];
    char* number = digits + sizeof digits;
    for (unsigned left = static_cast<unsigned>(line); number > digits; left /= 10) {
        *--number = static_cast<char>('0' + left % 10);
        if (left < 10) {
            break;
        }
    }
    const auto text = [](const char* part) { return iovec{const_cast<char*>(part), std::strlen(part)}; };
    const iovec parts[] = {
        text(file),      text(":"),     {number, static_cast<std::size_t>(digits + sizeof digits - number)},
        text(": "),      text(message), text(" (violated: "),
        text(condition), text(")\n")};
    // One system call, so that the lines of processes that fail together do not mix. It may fail too; the end comes
    // anyway.
    [[maybe_unused]] const ssize_t written = writev(STDERR_FILENO, parts, sizeof parts / sizeof parts[0]);
    std::abort();
}

} // namespace xpar::detail
