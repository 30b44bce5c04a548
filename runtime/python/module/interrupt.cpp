#include "runtime/python/module/interrupt.hpp"

#include <Python.h>

#include "runtime/process/signals.hpp"

#include <pthread.h>

#include <csignal>
#include <ctime>

namespace xpar {
namespace {

// Python notices a signal between two instructions, or when a system call ends early. One that comes after the last
// look and before the system call is not noticed by it, and the work would sleep on until it is killed: 1.5 of 100
// works that had just begun a sleep did. So the system call is ended again, as long as this process lives, which is not
// for long.
constexpr long k_poke_ns = 20'000'000;

const process_group_shm* s_group = nullptr;
const context_shm* s_self = nullptr;
volatile std::sig_atomic_t s_in_work = 0;
volatile std::sig_atomic_t s_interrupted = 0;
volatile std::sig_atomic_t s_passes_over = 0;
timer_t s_pokes{};
bool s_has_pokes = false;

bool is_batch_stopped() noexcept {
    return s_group->stop.load() != stop_level::none;
}

void set_pokes(long interval_ns) noexcept {
    if (s_has_pokes) {
        const itimerspec interval{{0, interval_ns}, {0, interval_ns}};
        timer_settime(s_pokes, 0, &interval, nullptr);
    }
}

void interrupt_running_work(int) {
    if (s_passes_over != 0) {
        return; // the work has ended
    }
    if (s_interrupted != 0) {
        return; // a poke; a second KeyboardInterrupt would hit what the work does on its way out
    }
    // The work that the zygote saw may have ended since.
    if (!is_batch_stopped() && (s_in_work == 0 || stopped(*s_self, s_self->turns.load()) == stop_reason::none)) {
        return;
    }
    s_interrupted = 1;
    PyErr_SetInterruptEx(SIGINT);
    set_pokes(k_poke_ns);
}

void drop_pending_interrupts() noexcept {
    while (PyErr_CheckSignals() < 0) {
        PyErr_Clear();
    }
}

void mask_interrupts(int how) noexcept {
    sigset_t interrupts;
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    pthread_sigmask(how, &interrupts, nullptr);
}

} // namespace

void listen_to_interrupts(const process_group_shm& group, const context_shm& self) noexcept {
    s_group = &group;
    s_self = &self;
    s_in_work = 0;
    s_passes_over = 0;
    s_interrupted = 0; // of the context this one may have been forked from; timers are not inherited
    sigevent poke{};
    poke.sigev_notify = SIGEV_SIGNAL;
    poke.sigev_signo = interrupt_signal();
    s_has_pokes = timer_create(CLOCK_MONOTONIC, &poke, &s_pokes) == 0; // without it a work may have to be killed
    struct sigaction action{};
    action.sa_handler = interrupt_running_work;
    sigaction(interrupt_signal(), &action, nullptr);
}

interruptible_work::interruptible_work() noexcept {
    s_in_work = 1;
}

interruptible_work::~interruptible_work() {
    s_in_work = 0;
    s_passes_over = 0;
    if (s_interrupted == 0 || is_batch_stopped()) {
        return;
    }
    // The context goes on, and what Python has not raised by now would hit the next work.
    set_pokes(0);
    drop_pending_interrupts();
    s_interrupted = 0;
}

void pass_over_interrupts() noexcept {
    s_passes_over = 1;
    drop_pending_interrupts();
}

void hold_terminal_interrupts() noexcept {
    mask_interrupts(SIG_BLOCK);
}

void let_terminal_interrupts_pass() noexcept {
    note_interrupts_child();
    mask_interrupts(SIG_UNBLOCK);
}

} // namespace xpar
