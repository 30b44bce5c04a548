// May this process read the memory of its children (process_vm_readv)? Stacks and censuses of contexts are read that
// way, and containers and security modules may forbid it. No rule is looked up: a child is forked and read.
#pragma once

namespace xpar {

struct child_memory_errors {
    int fork_errno = 0; // 0: it worked
    int read_errno = 0; // 0: it worked, or there was no child to read
};

// Any thread of the main process. The child runs no code but its end, and is gone when this returns; no SIGCHLD is
// sent.
child_memory_errors try_child_memory() noexcept;

} // namespace xpar
