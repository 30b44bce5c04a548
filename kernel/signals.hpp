// Where SIGINT may arrive: in the main thread while it runs user code or waits for requests, and nowhere else.
// Every thread of the kernel inherits the blocked mask, so no socket call of the kernel sees EINTR from an interrupt,
// and an interrupt between two cells waits until the next place where it is harmless.
#pragma once

#include <csignal>

namespace xpar {

// First thing in main, before any thread exists and before Python installs its handlers.
void block_interrupts();

// The mask of the calling thread with SIGINT taken out: for ppoll.
sigset_t mask_with_interrupts();

// Ends the user code that runs in `main_thread`; subprocesses of the cell get it too where the kernel leads its process
// group. Callable on any thread.
void interrupt(pthread_t main_thread);

// At the beginning of a request: an interrupt that has come since the last one's code ended was meant for that. One
// that comes from here on is for this request, also before its code begins. Main thread only.
void drop_interrupts();

// While it lives, SIGINT reaches the calling thread. Main thread only; nests.
class interrupt_window {
public:
    interrupt_window();
    ~interrupt_window();
    interrupt_window(const interrupt_window&) = delete;
    interrupt_window& operator=(const interrupt_window&) = delete;

private:
    bool m_opened; // an outer window leaves closing to itself
};

} // namespace xpar
