#include "kernel/kernel_process.hpp"

#include <cstdio>
#include <system_error>

#include <pthread.h>

namespace xpar {

namespace {

// Written in a child before it has a second thread, and nowhere else.
bool s_was_forked = false;

} // namespace

void watch_forks() {
    // What C code has begun to print must neither come after what the child prints nor be printed by both.
    const auto before = [] { std::fflush(stdout); };
    if (const int failed = ::pthread_atfork(before, nullptr, [] { s_was_forked = true; }); failed != 0) {
        throw std::system_error(failed, std::generic_category(), "pthread_atfork");
    }
}

bool is_kernel_process() noexcept {
    return !s_was_forked;
}

} // namespace xpar
