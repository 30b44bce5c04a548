// Is this still the kernel's process, or a child that was forked from it? A child shares its sockets and has copies of
// its locks, held by threads that do not exist there: it must not touch them.
#pragma once

namespace xpar {

// First thing in main.
void watch_forks();

// Any thread, any time, 1 ns; asking for the pid instead costs a system call for every piece of text that is printed.
bool is_kernel_process() noexcept;

} // namespace xpar
