#include "kernel/kernel_process.hpp"

#include <system_error>

#include <pthread.h>

namespace xpar {

namespace {

// Written in a child before it has a second thread, and nowhere else.
bool s_was_forked = false;

} // namespace

void watch_forks() {
    if (const int failed = ::pthread_atfork(nullptr, nullptr, [] { s_was_forked = true; }); failed != 0) {
        throw std::system_error(failed, std::generic_category(), "pthread_atfork");
    }
}

bool is_kernel_process() noexcept {
    return !s_was_forked;
}

} // namespace xpar
