// The signals between the processes of a batch, and the dispositions each kind of process runs with.
// Real-time signals, so that user code's SIGUSR1/SIGUSR2/SIGALRM handlers stay the user's.
#pragma once

#include <csignal>
#include <cstdint>

namespace xpar {

// A SIGINT to the process group ends programs that works wait for at the same instant, so those works seem to be done.
// For this long a context begins nothing new: by then the main process has said whether the batch is to stop.
inline constexpr std::uint64_t k_interrupt_pause_ns = 300'000'000;

// main process -> zygote: "read the group's stop level".
int command_signal() noexcept;

// zygote -> context: "stop the running work"; the program above installs its handler.
int interrupt_signal() noexcept;

// Child side, right after fork. Handlers of user code go back to default, and what is ignored stays ignored, as exec
// does it: a kernel started by nohup has contexts that outlive the terminal, too. Except SIGCHLD, which must not be
// ignored, as contexts would vanish unseen, and SIGINT and SIGPIPE, which are: an interrupt reaches the whole process
// group, and only the main process decides what it means. The interrupt signal is ignored, until a context installs
// its handler: it reads the stop level before it takes anything.
void reset_dispositions_child() noexcept;

// Zygote: SIGCHLD and the command signal do no more than end a sleep that is begun with the mask returned. At all other
// times they are blocked, and pending ones end the next sleep, so none is missed. No signalfd: that would fail where
// the main process has used up its descriptors.
sigset_t listen_zygote_child() noexcept;

// Context: what the zygote listens to back to default, and an empty mask, whatever the forking thread had blocked.
void stop_listening_context_child() noexcept;

// Context: SIGINT is noted and nothing else. It is not ignored, for programs that works start would inherit that.
void note_interrupts_child() noexcept;

// Has one been noted less than k_interrupt_pause_ns ago?
bool interrupted_just_now_child() noexcept;

} // namespace xpar
