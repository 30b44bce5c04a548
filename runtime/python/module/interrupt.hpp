// How a stop reaches the work that runs in a context: as a KeyboardInterrupt, through Python's own handler of SIGINT.
// In a context, on its main thread, once. Not for the terminal's SIGINT, which is not the context's to obey.
#pragma once

#include "runtime/process/process_group.hpp"

namespace xpar {

// Before Python is entered; a stop that comes before that finds a context that begins nothing.
void listen_to_interrupts(const process_group_shm& group, const context_shm& self) noexcept;

// Around one work or item, within its turn. A stop that is meant for it alone reaches it, or nobody.
class interruptible_work {
public:
    interruptible_work() noexcept;
    ~interruptible_work();
    interruptible_work(const interruptible_work&) = delete;
    interruptible_work& operator=(const interruptible_work&) = delete;
};

// For the rest of this work or item, which has ended with an error that is being described: a stop reaches nobody.
void pass_over_interrupts() noexcept;

// SIGINT itself: held back while Python's handler may be installed for it, in earnest for a moment.
void hold_terminal_interrupts() noexcept;
void let_terminal_interrupts_pass() noexcept;

} // namespace xpar
