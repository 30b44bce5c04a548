// The signals between the processes of a batch, and the dispositions each kind of process runs with.
// Real-time signals, so that user code's SIGUSR1/SIGUSR2/SIGALRM handlers stay the user's.
#pragma once

#include <csignal>

namespace xpar {

// main process -> zygote: "read the group's stop level".
int command_signal() noexcept;

// zygote -> context: "stop the running work"; the program above installs its handler.
int interrupt_signal() noexcept;

// Child side, right after fork. Dispositions inherited from user code go back to default, except SIGINT and SIGPIPE, which
// are ignored: an interrupt reaches the whole process group, and only the main process decides what it means. The interrupt
// signal is ignored too, until a context installs its handler: it reads the stop level before it claims anything.
void reset_dispositions_child() noexcept;

// Zygote: blocks everything it reads through its signalfd (SIGCHLD and the command signal).
void block_zygote_signals_child(sigset_t& for_signalfd) noexcept;

// Context: an empty mask, whatever the forking thread had blocked.
void unblock_all_child() noexcept;

} // namespace xpar
