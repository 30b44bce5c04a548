#include "runtime/process/process_group.hpp"

#include "runtime/process/signals.hpp"
#include "runtime/process/zygote.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace xpar {

status start_group(process_group_shm& group, program& to_run) {
    const pid_t main_pid = getpid();
    const bool on_main_thread = gettid() == main_pid;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    // A signal handler of user code must not run in the child before its dispositions are reset.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    to_run.before_fork();
    const pid_t pid = fork();
    if (pid == 0) {
        run_zygote_child(group, to_run, main_pid, on_main_thread);
    }
    const int fork_errno = errno;
    to_run.after_fork_parent();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) {
        return status::error(fork_errno, "fork of a batch's zygote");
    }
    group.zygote_pid.store(pid, std::memory_order_relaxed); // read by this process only
    return status::ok();
}

void stop_group(process_group_shm& group, stop_level level) noexcept {
    stop_level seen = group.stop.load(std::memory_order_relaxed);
    // seq_cst: ordered before the signal below in every process; a context that still reads the old level is signalled.
    while (seen < level && !group.stop.compare_exchange_weak(seen, level)) {
    }
    const pid_t pid = group.zygote_pid.load(std::memory_order_relaxed);
    if (pid > 0 && group.state.load(std::memory_order_acquire) != group_state::ended) {
        kill(pid, command_signal());
    }
}

reap_result reap_group(process_group_shm& group, bool wait) noexcept {
    const pid_t pid = group.zygote_pid.load(std::memory_order_relaxed);
    if (pid <= 0) {
        return reap_result::gone;
    }
    for (;;) {
        int wait_status = 0;
        const pid_t reaped = waitpid(pid, &wait_status, wait ? 0 : WNOHANG);
        if (reaped == 0) {
            return reap_result::alive;
        }
        if (reaped < 0 && errno == EINTR) {
            continue;
        }
        group.zygote_pid.store(0, std::memory_order_relaxed); // the number may be another process's from here on
        return reaped == pid ? reap_result::reaped : reap_result::gone;
    }
}

} // namespace xpar
