#include "runtime/process/signals.hpp"

namespace xpar {

int command_signal() noexcept { return SIGRTMIN + 5; }

int interrupt_signal() noexcept { return SIGRTMIN + 6; }

void reset_dispositions_child() noexcept {
    for (int number = 1; number < NSIG; ++number) {
        if (number == SIGKILL || number == SIGSTOP) {
            continue;
        }
        struct sigaction current {};
        if (sigaction(number, nullptr, &current) != 0) {
            continue; // the two numbers the C library keeps for itself
        }
        const bool ignored_for_group = number == SIGINT || number == SIGPIPE || number == interrupt_signal();
        if (!ignored_for_group && (current.sa_flags & SA_SIGINFO) == 0 && current.sa_handler == SIG_DFL) {
            continue;
        }
        struct sigaction wanted {};
        wanted.sa_handler = ignored_for_group ? SIG_IGN : SIG_DFL;
        sigaction(number, &wanted, nullptr);
    }
}

void block_zygote_signals_child(sigset_t& for_signalfd) noexcept {
    sigemptyset(&for_signalfd);
    sigaddset(&for_signalfd, SIGCHLD);
    sigaddset(&for_signalfd, command_signal());
    sigprocmask(SIG_SETMASK, &for_signalfd, nullptr);
}

void unblock_all_child() noexcept {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

} // namespace xpar
