// A child that runs one operation instruction by instruction (ptrace), so that a test chooses where it is cut off or
// overtaken. For tests of what processes do to shared memory at the same time. Not everywhere may processes be traced:
// ask can_trace().
#pragma once

#include "tests/unit/forked.hpp"

#include <sched.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include <algorithm>
#include <atomic>
#include <climits>

namespace xpar::test {

inline bool can_trace() {
    child traced([] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : 1; });
    return traced.wait() == 0;
}

class stepped_child {
public:
    // Stopped where `act` begins.
    template <class Act>
    explicit stepped_child(Act& act)
        : m_child([&] {
              if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
                  return 2;
              }
              raise(SIGSTOP);
              m_state->begun.store(true);
              act();
              m_state->returned.store(true);
              return 0;
          }) {
        // Every step hands over to the other process and back: half as dear where both are on one processor.
        stay_on_this_processor(0);
        stay_on_this_processor(m_child.pid());
        wait_until_stopped();
        while (!m_state->begun.load()) {
            step_once();
        }
    }

    // Up to `count` instructions, fewer when the operation returns before; how many there were.
    int step(int count) {
        int done = 0;
        for (; done < count && !returned(); ++done) {
            step_once();
        }
        return done;
    }

    // Is the next instruction a system call? A step into one that sleeps would not come back.
    bool at_system_call() const {
#ifdef __x86_64__
        user_regs_struct registers{};
        if (ptrace(PTRACE_GETREGS, m_child.pid(), nullptr, &registers) != 0) {
            std::abort();
        }
        constexpr long k_syscall = 0x050f;
        return (ptrace(PTRACE_PEEKTEXT, m_child.pid(), registers.rip, nullptr) & 0xffff) == k_syscall;
#else
#error "how is a system call told here?"
#endif
    }

    bool returned() const noexcept { return m_state->returned.load(); }

    void kill() { m_child.kill(); }

    // Runs on to the end; the exit code.
    int finish() {
        if (ptrace(PTRACE_CONT, m_child.pid(), nullptr, nullptr) != 0) {
            std::abort();
        }
        return m_child.wait();
    }

private:
    struct progress {
        std::atomic<bool> begun;
        std::atomic<bool> returned;
    };

    // Where that is refused, it only takes longer.
    static void stay_on_this_processor(pid_t pid) {
        const int here = sched_getcpu();
        cpu_set_t only_here;
        CPU_ZERO(&only_here);
        CPU_SET(static_cast<std::size_t>(std::max(here, 0)), &only_here);
        sched_setaffinity(pid, sizeof only_here, &only_here);
    }

    void step_once() {
        if (ptrace(PTRACE_SINGLESTEP, m_child.pid(), nullptr, nullptr) != 0) {
            std::abort();
        }
        wait_until_stopped();
    }

    void wait_until_stopped() {
        int state = 0;
        if (waitpid(m_child.pid(), &state, 0) != m_child.pid() || !WIFSTOPPED(state)) {
            std::abort(); // the child cannot be doing what the test believes
        }
    }

    shared<progress> m_state;
    child m_child;
};

// Calls at_step(n) for every instruction 0 ... length - 1. Instrumented code takes tens to thousands of times the
// instructions; there 100 of them, evenly spread, have to do.
template <class Function>
void for_each_step(int length, Function at_step) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const int stride = std::max(1, length / 100);
#else
    const int stride = 1;
#endif
    for (int step = 0; step < length; step += stride) {
        at_step(step);
    }
}

} // namespace xpar::test
