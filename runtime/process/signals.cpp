#include "runtime/process/signals.hpp"

#include "runtime/base/clock.hpp"

#include <atomic>
#include <initializer_list>

namespace xpar {
namespace {

std::atomic<std::uint64_t> s_interrupted_ns = 0; // of monotonic_ns; 0: never

void set_disposition(int number, void (*handler)(int)) noexcept {
    struct sigaction wanted{};
    wanted.sa_handler = handler;
    wanted.sa_flags = SA_RESTART;
    sigaction(number, &wanted, nullptr);
}

} // namespace

int command_signal() noexcept {
    return SIGRTMIN + 5;
}

int interrupt_signal() noexcept {
    return SIGRTMIN + 6;
}

void reset_dispositions_child() noexcept {
    for (int number = 1; number < NSIG; ++number) {
        struct sigaction current{};
        if (number == SIGKILL || number == SIGSTOP || sigaction(number, nullptr, &current) != 0) {
            continue; // cannot be changed, or one of the two numbers the C library keeps for itself
        }
        const bool is_default = (current.sa_flags & SA_SIGINFO) == 0 && current.sa_handler == SIG_DFL;
        if (number == SIGINT || number == SIGPIPE || number == interrupt_signal()) {
            set_disposition(number, SIG_IGN);
        } else if (!is_default && ((current.sa_flags & SA_SIGINFO) != 0 || current.sa_handler != SIG_IGN ||
                                   number == SIGCHLD || number == command_signal())) {
            set_disposition(number, SIG_DFL);
        }
    }
}

sigset_t listen_zygote_child() noexcept {
    sigset_t heard;
    sigemptyset(&heard);
    for (const int number : {SIGCHLD, command_signal()}) {
        set_disposition(number, [](int) {});
        sigaddset(&heard, number);
    }
    sigprocmask(SIG_SETMASK, &heard, nullptr);
    sigset_t asleep;
    sigemptyset(&asleep);
    return asleep;
}

void stop_listening_context_child() noexcept {
    for (const int number : {SIGCHLD, command_signal()}) {
        set_disposition(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

void note_interrupts_child() noexcept {
    struct sigaction action{};
    action.sa_handler = [](int) { s_interrupted_ns.store(monotonic_ns(), std::memory_order_relaxed); };
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, nullptr);
}

bool interrupted_just_now_child() noexcept {
    // of this thread's own handler, or near enough
    const std::uint64_t at = s_interrupted_ns.load(std::memory_order_relaxed);
    return at != 0 && monotonic_ns() - at < k_interrupt_pause_ns;
}

} // namespace xpar
