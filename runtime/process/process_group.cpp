#include "runtime/process/process_group.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/process/open_files.hpp"
#include "runtime/process/signals.hpp"
#include "runtime/process/zygote.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>

namespace xpar {
namespace {

// A killed process runs no further instruction of its own once it is in the system's hands, which takes microseconds.
// The limit is for what is no context any more: a process number that was given away again.
constexpr std::uint64_t k_dying_ns = 1'000'000'000;

void wait_until_dead(pid_t pid, std::uint64_t deadline_ns) noexcept {
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (pidfd >= 0) {
        pollfd watched{pidfd, POLLIN, 0}; // readable from its death on, whoever will reap it
        for (std::uint64_t now = monotonic_ns(); now < deadline_ns && watched.revents == 0; now = monotonic_ns()) {
            (void)poll(&watched, 1, static_cast<int>((deadline_ns - now) / 1'000'000) + 1);
        }
        close(pidfd);
        return;
    }
    // No descriptor to be had (or Linux before 5.3). A zombie counts as alive here, and costs the whole limit.
    while (kill(pid, 0) == 0 && monotonic_ns() < deadline_ns) {
        const timespec nap{0, 1'000'000};
        nanosleep(&nap, nullptr);
    }
}

// The zygote is dead, so nobody but this process writes the group any more. Every context whose number is not here yet
// finds itself without its parent before it touches anything.
void outlive_contexts(process_group_shm& group) noexcept {
    const std::uint64_t deadline = monotonic_ns() + k_dying_ns;
    for (std::uint32_t slot = 0; slot < group.context_count; ++slot) {
        context_shm& context = group.contexts[slot];
        const pid_t pid = context.pid.load(std::memory_order_relaxed);
        if (pid > 0) {
            wait_until_dead(pid, deadline);
            context.pid.store(0, std::memory_order_relaxed);
        }
        if (context.state.load(std::memory_order_acquire) == context_state::alive) {
            context.wait_status.store(SIGKILL, std::memory_order_relaxed);
            context.state.store(context_state::died, std::memory_order_release);
        }
    }
}

void wake_zygote(const process_group_shm& group) noexcept {
    const pid_t pid = group.zygote_pid.load(); // seq_cst: see start_group
    if (pid > 0 && group.state.load(std::memory_order_acquire) != group_state::ended) {
        kill(pid, command_signal());
    }
}

// A request of this size makes glibc merge the small blocks that were freed. Else the first such request in every
// context does: with numpy and pandas loaded it copies 120 pages for that, a seventh of all a context copies.
void consolidate_heap() noexcept {
    void* volatile large = std::malloc(4096);
    std::free(large);
}

} // namespace

status start_group(process_group_shm& group, program& to_run) {
    const pid_t main_pid = getpid();
    const bool on_main_thread = gettid() == main_pid;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    const std::uint32_t contexts = group.context_count.load();
    // A signal handler of user code must not run in the child before its dispositions are reset.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    to_run.before_fork();
    open_files files;
    files.note();
    consolidate_heap();
    const pid_t pid = fork();
    if (pid == 0) {
        run_zygote_child(group, to_run, files, main_pid, on_main_thread);
    }
    const int fork_errno = errno;
    to_run.after_fork_parent();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) {
        return status::error(fork_errno, "fork of a batch's zygote");
    }
    // seq_cst, and so are the raise and the load in stop_group and raise_contexts: what came meanwhile either finds the
    // number there, or is found here. The zygote may have looked before it and be asleep.
    group.zygote_pid.store(pid);
    if (group.stop.load() != stop_level::none || group.context_count.load() != contexts) {
        kill(pid, command_signal());
    }
    return status::ok();
}

void stop_group(process_group_shm& group, stop_level level) noexcept {
    stop_level seen = group.stop.load(std::memory_order_relaxed);
    // seq_cst: ordered before the signal below in every process; a context that still reads the old level is signalled.
    while (seen < level && !group.stop.compare_exchange_weak(seen, level)) {
    }
    wake_zygote(group);
}

void raise_contexts(process_group_shm& group, std::uint32_t count) noexcept {
    count = std::min(count, group.most_contexts);
    std::uint32_t seen = group.context_count.load(std::memory_order_relaxed);
    // seq_cst: before the signal, and before whatever the contexts do that are made for it.
    while (seen < count && !group.context_count.compare_exchange_weak(seen, count)) {
    }
    if (seen < count) {
        wake_zygote(group);
    }
}

void stop_turn(process_group_shm& group, std::uint32_t slot, std::uint64_t turn, stop_reason why) noexcept {
    std::atomic<std::uint64_t>& stop = group.contexts[slot].stop;
    std::uint64_t seen = stop.load();
    // seq_cst: before the signal.
    while (seen >> 2 != turn && !stop.compare_exchange_weak(seen, turn << 2 | static_cast<std::uint64_t>(why))) {
    }
    wake_zygote(group);
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
        // acquire pairs with the zygote's release of its last store.
        if (group.state.load(std::memory_order_acquire) != group_state::ended) {
            outlive_contexts(group);
        }
        return reaped == pid ? reap_result::reaped : reap_result::gone;
    }
}

} // namespace xpar
