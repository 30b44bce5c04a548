#include "kernel/notifier.hpp"

#include <cstdint>
#include <system_error>

#include <sys/eventfd.h>
#include <unistd.h>

namespace xpar {

notifier::notifier() : m_descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (m_descriptor < 0) {
        throw std::system_error(errno, std::generic_category(), "eventfd");
    }
}

notifier::~notifier() {
    ::close(m_descriptor);
}

void notifier::notify() const noexcept {
    const std::uint64_t one = 1;
    // It can fail only when the counter is full, and then whoever polls is woken anyway.
    [[maybe_unused]] const ssize_t written = ::write(m_descriptor, &one, sizeof one);
}

void notifier::clear() const noexcept {
    std::uint64_t count = 0;
    // It fails when there was nothing to clear.
    [[maybe_unused]] const ssize_t read = ::read(m_descriptor, &count, sizeof count);
}

} // namespace xpar
