#include "runtime/process/zygote.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/base/process_usage.hpp"
#include "runtime/process/descriptor_pipes.hpp"
#include "runtime/process/signals.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <vector>

namespace xpar {
namespace {

// Making a context fails when processes or memory are short: fork does, or the context dies before it begins. It is
// tried again after pauses that double from the first to the longest, and given up after so many failures in a row when
// no context that is alive has begun: that takes three seconds.
constexpr std::uint64_t k_first_pause_ns = 1'000'000;
constexpr std::uint64_t k_longest_pause_ns = 50'000'000;
constexpr int k_failures = 64;
// A context that hangs before it begins (a hook of some library that runs after a fork waits for a lock nobody will
// give back) counts for so many: it has cost the time of begin_patience_ns().
constexpr int k_hang_failures = 22;

constexpr std::uint64_t k_never = ~std::uint64_t{0};

class zygote {
public:
    zygote(process_group_shm& group, program& to_run, const open_files& files, pid_t main_pid,
           bool forked_by_main_thread) noexcept
        : m_group(group), m_program(to_run), m_files(files), m_main_pid(main_pid), m_pid(getpid()),
          m_pipes(group, to_run) {
        if (forked_by_main_thread) {
            prctl(PR_SET_PDEATHSIG,
                  SIGKILL); // ends even a zygote that is stopped; the pidfd below covers other threads
        }
        // Opened first, checked second: a main process that died in between is then no longer our parent.
        m_main_pidfd = static_cast<int>(syscall(SYS_pidfd_open, main_pid, 0));
        if (getppid() != main_pid) {
            _exit(0);
        }
        m_asleep = listen_zygote_child();
    }

    [[noreturn]] void run() noexcept {
        m_program.enter_zygote();
        m_group.state.store(group_state::running, std::memory_order_release);
        event_signal(*m_group.changed);
        for (;;) {
            fill_slots();
            if (m_alive == 0 && (stopping() || gives_up() || !m_program.wants_context())) {
                break;
            }
            if (m_alive == 0 && m_retry_ns == k_never) {
                continue; // one is wanted since fill_slots() has looked, and nobody would wake this process
            }
            m_look_again_ns = m_program.look_after(monotonic_ns());
            stop_turns();
            kill_those_that_hang();
            sleep_until_event();
            reap();
            pass_on_stop();
        }
        if (m_program.wants_context()) {
            m_group.gave_up.store(stopping() ? 0 : 1, std::memory_order_relaxed); // published by `ended`
        } else {
            // Contexts that could not be made were not missed: others have done it all.
            m_group.fork_errno.store(0, std::memory_order_relaxed);
        }
        m_program.group_ends();
        m_group.state.store(group_state::ended, std::memory_order_release);
        event_signal(*m_group.changed);
        _exit(0);
    }

private:
    bool stopping() const noexcept { return m_group.stop.load() != stop_level::none; }

    // The contexts that have not begun yet are waited for; they may.
    bool gives_up() const noexcept {
        if (m_failures < k_failures) {
            return false;
        }
        const auto works = [](const context_shm& context) {
            return context.pid.load(std::memory_order_relaxed) != 0 && has_begun(context);
        };
        return std::none_of(&m_group.contexts[0], &m_group.contexts[0] + m_slots, works);
    }

    // A slot whose context left is filled again, too: it found nothing to do, but queues may have got items since.
    void fill_slots() noexcept {
        m_retry_ns = k_never;
        make_room();
        for (std::uint32_t slot = 0; slot < m_slots; ++slot) {
            if (m_group.contexts[slot].pid.load(std::memory_order_relaxed) != 0) {
                continue;
            }
            if (stopping() || !m_program.wants_context() || gives_up()) {
                return;
            }
            if (monotonic_ns() < m_not_before_ns || !spawn(slot)) {
                m_retry_ns = m_not_before_ns;
                return;
            }
        }
    }

    // Here alone the number of slots changes for this process, in which it may be raised at any time.
    void make_room() noexcept {
        if (const std::uint32_t slots = m_group.context_count.load(); slots > m_slots) {
            m_pipes.make_room(slots);
            m_turns_stopped.resize(slots);
            m_slots = slots;
        }
    }

    bool spawn(std::uint32_t slot) noexcept {
        context_shm& context = m_group.contexts[slot];
        const context_state previous = context.state.load(std::memory_order_relaxed);
        const std::uint32_t incarnation = context.incarnation.load(std::memory_order_relaxed);
        // Before the fork: the context reads them, and may have written `left` before fork returns here.
        context.started_ns.store(monotonic_ns(), std::memory_order_relaxed);
        context.turns_before.store(context.turns.load(std::memory_order_relaxed), std::memory_order_relaxed);
        context.incarnation.store(incarnation + 1, std::memory_order_relaxed);
        context.state.store(context_state::alive, std::memory_order_relaxed);
        m_pipes.open(slot);
        m_program.before_fork();
        const pid_t pid = fork();
        if (pid == 0) {
            become_context_child(slot);
        }
        const int fork_errno = errno;
        m_program.after_fork_parent();
        if (pid < 0) {
            context.incarnation.store(incarnation, std::memory_order_relaxed);
            context.state.store(previous, std::memory_order_relaxed);
            m_group.fork_errno.store(fork_errno, std::memory_order_relaxed);
            note_failure();
            return false;
        }
        m_group.fork_errno.store(0, std::memory_order_relaxed);
        context.pid.store(pid, std::memory_order_relaxed); // reap() knows it by this number, even if it is dead already
        ++m_alive;
        event_signal(*m_group.changed);
        return true;
    }

    [[noreturn]] void become_context_child(std::uint32_t slot) noexcept {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != m_pid) {
            _exit(0);
        }
        // Before it touches anything else of the batch: when the zygote is killed now, the main process knows whom to
        // wait for (outlive_contexts).
        m_group.contexts[slot].pid.store(getpid(), std::memory_order_relaxed);
        if (m_main_pidfd >= 0) {
            close(m_main_pidfd);
        }
        m_pipes.redirect_child(slot);
        m_files.reopen_child();
        m_program.after_fork_child();
        stop_listening_context_child();
        m_program.run_context(slot);
        m_group.contexts[slot].state.store(context_state::left, std::memory_order_release);
        _exit(0);
    }

    // Several at once count as one: it is the time that has to pass.
    void note_failure(int weight = 1) noexcept {
        const std::uint64_t now = monotonic_ns();
        if (now >= m_not_before_ns) {
            const int doubled = std::min(m_failures, 10);
            m_not_before_ns = now + std::min(k_first_pause_ns << doubled, k_longest_pause_ns);
            m_failures = std::min(m_failures + weight, k_failures);
        }
    }

    void reap() noexcept {
        for (;;) {
            int wait_status = 0;
            rusage used{};
            const pid_t pid = wait4(-1, &wait_status, WNOHANG, &used);
            if (pid < 0 && errno == EINTR) {
                continue;
            }
            if (pid <= 0) {
                return;
            }
            for (std::uint32_t slot = 0; slot < m_slots; ++slot) {
                context_shm& context = m_group.contexts[slot];
                if (context.pid.load(std::memory_order_relaxed) == pid) {
                    settle(slot, context, wait_status, processor_ns(used));
                    break;
                }
            }
        }
    }

    void settle(std::uint32_t slot, context_shm& context, int wait_status, std::uint64_t used_ns) noexcept {
        --m_alive;
        m_pipes.read_rest(slot);
        const std::uint64_t used_before_ns = context.processor_ns.load(std::memory_order_relaxed);
        context.processor_ns.store(used_before_ns + used_ns, std::memory_order_relaxed);
        context.ended_ns.store(monotonic_ns(), std::memory_order_relaxed);
        context.pid.store(0, std::memory_order_relaxed);
        // One that never began would be followed by the next that does not, as fast as the system can fork.
        if (!has_begun(context)) {
            const bool was_hanging = hangs_until(context) <= context.ended_ns.load(std::memory_order_relaxed);
            note_failure(was_hanging ? k_hang_failures : 1);
            if (was_hanging) {
                m_group.fork_errno.store(ETIMEDOUT, std::memory_order_relaxed);
            }
        } else {
            m_failures = 0;
        }
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
        const bool first = m_interrupted_ns == 0;
        if (first) {
            m_interrupted_ns = now;
        }
        if (level == stop_level::kill || now - m_interrupted_ns >= k_interrupt_grace_ns) {
            signal_contexts(SIGKILL);
        } else if (first) {
            signal_contexts(interrupt_signal());
        }
    }

    // A turn is interrupted once; whoever is still in it when the grace is over is killed.
    void stop_turns() noexcept {
        const std::uint64_t now = monotonic_ns();
        m_turn_grace_ends_ns = k_never;
        for (std::uint32_t slot = 0; slot < m_slots; ++slot) {
            const context_shm& context = m_group.contexts[slot];
            const pid_t pid = context.pid.load(std::memory_order_relaxed);
            const std::uint64_t turn = context.turns.load();
            if (pid <= 0 || stopped(context, turn) == stop_reason::none) {
                continue;
            }
            stopped_turn& noted = m_turns_stopped[slot];
            if (noted.turn != turn) {
                noted = {turn, now + k_turn_grace_ns};
                kill(pid, interrupt_signal());
            } else if (now >= noted.grace_ends_ns) {
                kill(pid, SIGKILL);
                noted.grace_ends_ns = now + k_longest_pause_ns;
            }
            m_turn_grace_ends_ns = std::min(m_turn_grace_ends_ns, noted.grace_ends_ns);
        }
    }

    static bool has_begun(const context_shm& context) noexcept {
        return context.turns.load(std::memory_order_relaxed) != context.turns_before.load(std::memory_order_relaxed);
    }

    std::uint64_t hangs_until(const context_shm& context) const noexcept {
        return context.started_ns.load(std::memory_order_relaxed) + m_program.begin_patience_ns();
    }

    void kill_those_that_hang() noexcept {
        const std::uint64_t now = monotonic_ns();
        m_hang_ends_ns = k_never;
        for (std::uint32_t slot = 0; slot < m_slots; ++slot) {
            const context_shm& context = m_group.contexts[slot];
            const pid_t pid = context.pid.load(std::memory_order_relaxed);
            if (pid <= 0 || has_begun(context)) {
                continue;
            }
            if (now >= hangs_until(context)) {
                kill(pid, SIGKILL);
            } else {
                m_hang_ends_ns = std::min(m_hang_ends_ns, hangs_until(context));
            }
        }
    }

    void signal_contexts(int number) noexcept {
        for (std::uint32_t slot = 0; slot < m_slots; ++slot) {
            // Only this process reaps contexts, so the number is still ours.
            const pid_t pid = m_group.contexts[slot].pid.load(std::memory_order_relaxed);
            if (pid > 0) {
                kill(pid, number);
            }
        }
    }

    void sleep_until_event() noexcept {
        m_polled.assign(1, {m_main_pidfd, POLLIN, 0});
        m_pipes.append_to(m_polled);
        const std::uint64_t now = monotonic_ns();
        const std::uint64_t until = wake_ns(now);
        const std::uint64_t sleep = until > now ? until - now : 0;
        const timespec timeout{static_cast<time_t>(sleep / 1'000'000'000), static_cast<long>(sleep % 1'000'000'000)};
        // SIGCHLD and the command signal get through here and nowhere else.
        const int ready = ppoll(m_polled.data(), m_polled.size(), until == k_never ? nullptr : &timeout, &m_asleep);
        if ((ready > 0 && m_polled[0].revents != 0) || getppid() != m_main_pid) {
            signal_contexts(SIGKILL);
            _exit(0);
        }
        if (ready > 0) {
            m_pipes.read_ready(m_polled, 1);
        }
    }

    // When there will be something to do even if nothing happens.
    std::uint64_t wake_ns(std::uint64_t now) const noexcept {
        std::uint64_t at = std::min({m_retry_ns, m_look_again_ns, m_turn_grace_ends_ns, m_hang_ends_ns});
        if (m_interrupted_ns != 0) {
            // From the end of the grace on for what needs more than one SIGKILL, as far as that goes.
            at = std::min(at, std::max(m_interrupted_ns + k_interrupt_grace_ns, now + k_longest_pause_ns));
        }
        // Without a pidfd (Linux before 5.3, or out of descriptors) it takes this long to see the main process die.
        return m_main_pidfd >= 0 ? at : std::min(at, now + 200'000'000);
    }

    process_group_shm& m_group;
    program& m_program;
    const open_files& m_files;
    const pid_t m_main_pid;
    const pid_t m_pid;
    int m_main_pidfd = -1;
    sigset_t m_asleep{};
    std::uint32_t m_slots = 0; // that it fills
    std::uint32_t m_alive = 0;
    int m_failures = 0;                 // attempts in a row that gave no context that began
    std::uint64_t m_not_before_ns = 0;  // no attempt before that
    std::uint64_t m_retry_ns = k_never; // when a slot that is wanted will be tried again
    std::uint64_t m_interrupted_ns = 0;
    descriptor_pipes m_pipes;
    std::vector<pollfd> m_polled;
    std::uint64_t m_look_again_ns = k_never; // what the program wants
    std::uint64_t m_turn_grace_ends_ns = k_never;
    std::uint64_t m_hang_ends_ns = k_never; // when the next of those that have not begun has had its time

    struct stopped_turn {
        std::uint64_t turn;
        std::uint64_t grace_ends_ns;
    };
    std::vector<stopped_turn> m_turns_stopped; // by slot
};

} // namespace

void run_zygote_child(process_group_shm& group, program& to_run, const open_files& files, pid_t main_pid,
                      bool forked_by_main_thread) noexcept {
    reset_dispositions_child();
    to_run.after_fork_child();
    zygote(group, to_run, files, main_pid, forked_by_main_thread).run();
}

} // namespace xpar
