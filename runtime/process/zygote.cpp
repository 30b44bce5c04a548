#include "runtime/process/zygote.hpp"

#include "runtime/base/check.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/process/signals.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace xpar {
namespace {

// fork fails when processes or memory are short: tried again this often, and given up after that many failures in a row.
constexpr int k_fork_retry_ms = 50;
constexpr int k_fork_failures = 60;

class zygote {
public:
    zygote(process_group_shm& group, program& to_run, pid_t main_pid, bool forked_by_main_thread) noexcept
        : m_group(group), m_program(to_run), m_pid(getpid()) {
        if (forked_by_main_thread) {
            prctl(PR_SET_PDEATHSIG, SIGKILL); // ends even a zygote that is stopped; the pidfd below covers other threads
        }
        // Opened first, checked second: a main process that died in between is then no longer our parent.
        m_main_pidfd = static_cast<int>(syscall(SYS_pidfd_open, main_pid, 0));
        if (getppid() != main_pid) {
            _exit(0);
        }
        sigset_t read_by_fd;
        block_zygote_signals_child(read_by_fd);
        m_signal_fd = signalfd(-1, &read_by_fd, SFD_CLOEXEC | SFD_NONBLOCK);
        XPAR_CHECK(m_signal_fd >= 0, "a zygote needs a signalfd");
    }

    [[noreturn]] void run() noexcept {
        m_program.enter_zygote();
        m_group.state.store(group_state::running, std::memory_order_release);
        for (;;) {
            fill_slots();
            if (m_alive == 0 && (stopping() || m_failures >= k_fork_failures || !m_program.wants_context())) {
                break;
            }
            sleep_until_event();
            reap();
            pass_on_stop();
        }
        m_program.group_ends();
        m_group.state.store(group_state::ended, std::memory_order_release);
        event_signal(*m_group.changed);
        _exit(0);
    }

private:
    bool stopping() const noexcept { return m_group.stop.load() != stop_level::none; }

    void fill_slots() noexcept {
        for (std::uint32_t slot = 0; slot < m_group.context_count; ++slot) {
            const context_state state = m_group.contexts[slot].state.load(std::memory_order_relaxed);
            // A context that left found nothing to do; a slot is filled again only after a death.
            if (state != context_state::vacant && state != context_state::died) {
                continue;
            }
            if (stopping() || !m_program.wants_context() || m_failures >= k_fork_failures) {
                return;
            }
            if (!spawn(slot)) {
                return;
            }
        }
    }

    bool spawn(std::uint32_t slot) noexcept {
        context_shm& context = m_group.contexts[slot];
        context.started_ns.store(monotonic_ns(), std::memory_order_relaxed);
        context.incarnation.fetch_add(1, std::memory_order_relaxed);
        m_program.before_fork();
        const pid_t pid = fork();
        if (pid == 0) {
            become_context_child(slot);
        }
        const int fork_errno = errno;
        m_program.after_fork_parent();
        if (pid < 0) {
            ++m_failures;
            m_group.fork_errno.store(fork_errno, std::memory_order_relaxed);
            return false;
        }
        m_failures = 0;
        m_group.fork_errno.store(0, std::memory_order_relaxed);
        context.pid.store(pid, std::memory_order_relaxed);
        // The context may have left already; `left` must not be overwritten.
        context_state expected = context.state.load(std::memory_order_relaxed);
        while (expected != context_state::left &&
               !context.state.compare_exchange_weak(expected, context_state::alive, std::memory_order_relaxed)) {
        }
        ++m_alive;
        event_signal(*m_group.changed);
        return true;
    }

    [[noreturn]] void become_context_child(std::uint32_t slot) noexcept {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != m_pid) {
            _exit(0);
        }
        close(m_signal_fd);
        if (m_main_pidfd >= 0) {
            close(m_main_pidfd);
        }
        m_program.after_fork_child();
        unblock_all_child();
        m_program.run_context(slot);
        m_group.contexts[slot].state.store(context_state::left, std::memory_order_release);
        _exit(0);
    }

    void reap() noexcept {
        for (;;) {
            int wait_status = 0;
            const pid_t pid = waitpid(-1, &wait_status, WNOHANG);
            if (pid < 0 && errno == EINTR) {
                continue;
            }
            if (pid <= 0) {
                return;
            }
            for (std::uint32_t slot = 0; slot < m_group.context_count; ++slot) {
                context_shm& context = m_group.contexts[slot];
                if (context.pid.load(std::memory_order_relaxed) == pid) {
                    settle(slot, context, wait_status);
                    break;
                }
            }
        }
    }

    void settle(std::uint32_t slot, context_shm& context, int wait_status) noexcept {
        --m_alive;
        context.pid.store(0, std::memory_order_relaxed);
        if (context.state.load(std::memory_order_acquire) != context_state::left) {
            context.wait_status.store(wait_status, std::memory_order_relaxed);
            m_program.context_died(slot, wait_status);
            context.state.store(context_state::died, std::memory_order_release);
        }
        event_signal(*m_group.changed);
    }

    void pass_on_stop() noexcept {
        const stop_level level = m_group.stop.load();
        if (level == stop_level::none) {
            return;
        }
        const std::uint64_t now = monotonic_ns();
        if (m_interrupted_ns == 0) {
            m_interrupted_ns = now;
            signal_contexts(interrupt_signal());
        }
        if (level == stop_level::kill || now - m_interrupted_ns >= k_interrupt_grace_ns) {
            signal_contexts(SIGKILL);
        }
    }

    void signal_contexts(int number) noexcept {
        for (std::uint32_t slot = 0; slot < m_group.context_count; ++slot) {
            // Only this process reaps contexts, so the number is still ours.
            const pid_t pid = m_group.contexts[slot].pid.load(std::memory_order_relaxed);
            if (pid > 0) {
                kill(pid, number);
            }
        }
    }

    void sleep_until_event() noexcept {
        pollfd watched[] = {{m_signal_fd, POLLIN, 0}, {m_main_pidfd, POLLIN, 0}};
        const int ready = poll(watched, 2, timeout_ms());
        if (watched[1].revents != 0 || (m_main_pidfd < 0 && getppid() == 1)) {
            signal_contexts(SIGKILL);
            _exit(0);
        }
        if (ready > 0 && watched[0].revents != 0) {
            signalfd_siginfo ignored[8];
            while (read(m_signal_fd, ignored, sizeof ignored) > 0) {
            }
        }
    }

    int timeout_ms() const noexcept {
        if (m_failures > 0) {
            return k_fork_retry_ms;
        }
        if (m_interrupted_ns != 0) {
            const std::uint64_t passed = monotonic_ns() - m_interrupted_ns;
            return passed >= k_interrupt_grace_ns ? 50 : static_cast<int>((k_interrupt_grace_ns - passed) / 1'000'000) + 1;
        }
        return m_main_pidfd >= 0 ? -1 : 200; // without pidfds (Linux before 5.3) the parent is asked for instead
    }

    process_group_shm& m_group;
    program& m_program;
    const pid_t m_pid;
    int m_main_pidfd = -1;
    int m_signal_fd = -1;
    std::uint32_t m_alive = 0;
    int m_failures = 0;
    std::uint64_t m_interrupted_ns = 0;
};

} // namespace

void run_zygote_child(process_group_shm& group, program& to_run, pid_t main_pid, bool forked_by_main_thread) noexcept {
    reset_dispositions_child();
    to_run.after_fork_child();
    zygote(group, to_run, main_pid, forked_by_main_thread).run();
}

} // namespace xpar
