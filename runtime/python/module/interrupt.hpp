// How a stop reaches the work that runs in a context: as a KeyboardInterrupt, through Python's own handler of SIGINT.
// In a context, on its main thread, once. Not for the terminal's SIGINT, which is not the context's to obey.
#pragma once

namespace xpar {

// Before Python is entered; a stop that comes before that finds a context that begins nothing.
void listen_to_interrupts() noexcept;

// SIGINT itself: held back while Python's handler may be installed for it, in earnest for a moment.
void hold_terminal_interrupts() noexcept;
void let_terminal_interrupts_pass() noexcept;

} // namespace xpar
