#include "runtime/process/child_memory.hpp"

#include "runtime/memory/heap_walk.hpp"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace xpar {
namespace {

[[noreturn]] void wait_for_death_child(pid_t parent) noexcept {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent) { // it may have died before prctl
        pause();
    }
    _exit(0);
}

} // namespace

child_memory_errors try_child_memory() noexcept {
    static const std::uint64_t s_read = 0x7061'7261'6c6c'656c;
    child_memory_errors errors;
    const pid_t self = getpid();
    // Handlers of the parent's must not run in the child: Python's writes to a descriptor that both have.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    // The system call itself: no handler of pthread_atfork runs, some of which stop threads of libraries. And no signal
    // is sent at the child's end, which handlers of the user's would be told of.
    const auto child = static_cast<pid_t>(syscall(SYS_clone, 0L, nullptr, nullptr, nullptr, nullptr));
    if (child == 0) {
        wait_for_death_child(self);
    }
    errors.fork_errno = child < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (child < 0) {
        return errors;
    }
    std::uint64_t value = 0;
    if (!process_reader(child).read(reinterpret_cast<std::uint64_t>(&s_read), static_cast<void*>(&value),
                                    sizeof value)) {
        errors.read_errno = errno;
    }
    kill(child, SIGKILL);
    while (waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) {
    }
    return errors;
}

} // namespace xpar
