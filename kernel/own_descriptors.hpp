// Descriptors that the kernel itself has opened: its sockets, pipes and notifiers, IPython's loop and history. Code of
// users that closes "all" descriptors (os.closerange(3, n), or os.close() in a loop) means those of its own: the
// kernel's are passed by as if they were not open. In the kernel's process only; a child that was forked may close all.
#pragma once

namespace xpar {

// Whatever is open now is the kernel's, but for what note_other_descriptors() has met.
void add_own_descriptors();

// Whatever has been opened since is not: the user's startup files have run.
void note_other_descriptors();

// Whatever has been opened meanwhile is the kernel's, and from now on all that is, is kept. `os.close` and
// `os.closerange` stay the objects that they are: what they call is changed.
void keep_own_descriptors();

} // namespace xpar
