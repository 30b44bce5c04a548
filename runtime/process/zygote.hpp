// The zygote's main loop: forks contexts, reaps them, passes on interrupts, ends with the main process.
// Called once, in the child of start_group; never returns.
#pragma once

#include "runtime/process/open_files.hpp"
#include "runtime/process/process_group.hpp"

namespace xpar {

[[noreturn]] void run_zygote_child(process_group_shm& group, program& to_run, const open_files& files, pid_t main_pid,
                                   bool forked_by_main_thread) noexcept;

} // namespace xpar
