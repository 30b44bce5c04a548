#include "kernel/signals.hpp"

#include <cerrno>

#include <pthread.h>
#include <time.h>
#include <unistd.h>

namespace xpar {

namespace {

sigset_t only_interrupt() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    return set;
}

} // namespace

void block_interrupts() {
    const sigset_t set = only_interrupt();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

sigset_t mask_with_interrupts() {
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    sigdelset(&mask, SIGINT);
    return mask;
}

void interrupt(pthread_t main_thread) {
    if (getpgrp() == getpid()) {
        ::kill(0, SIGINT);
    } else {
        pthread_kill(main_thread, SIGINT);
    }
}

void drop_interrupts() {
    const sigset_t set = only_interrupt();
    const timespec at_once{};
    while (sigtimedwait(&set, nullptr, &at_once) == SIGINT || errno == EINTR) {
    }
}

interrupt_window::interrupt_window() {
    const sigset_t set = only_interrupt();
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, nullptr, &before);
    m_opened = sigismember(&before, SIGINT) == 1;
    if (m_opened) {
        pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    }
}

interrupt_window::~interrupt_window() {
    if (m_opened) {
        // Only SIGINT: what the user code did to the rest of the mask is its own business.
        const sigset_t set = only_interrupt();
        pthread_sigmask(SIG_BLOCK, &set, nullptr);
    }
}

} // namespace xpar
