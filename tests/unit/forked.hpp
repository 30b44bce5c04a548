// Child processes for tests: run a function, end with its result, be waited for or killed.
// A gtest assertion in a child tells nobody: children report by exit code or through shared memory.
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <new>
#include <utility>

namespace xpar::test {

class child {
public:
    // `run` returns the exit code.
    template <class Function>
    explicit child(Function&& run) : m_pid(fork()) {
        if (m_pid < 0) {
            std::abort();
        }
        if (m_pid == 0) {
            _exit(std::forward<Function>(run)());
        }
    }
    child(child&& other) noexcept : m_pid(std::exchange(other.m_pid, 0)) {}
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    child& operator=(child&&) = delete;
    ~child() {
        if (m_pid > 0) {
            kill();
        }
    }

    pid_t pid() const noexcept { return m_pid; }

    // The exit code; minus the signal's number when one ended it.
    int wait() {
        int ended = 0;
        if (waitpid(std::exchange(m_pid, 0), &ended, 0) < 0) {
            std::abort();
        }
        return WIFEXITED(ended) ? WEXITSTATUS(ended) : -WTERMSIG(ended);
    }

    int kill() {
        ::kill(m_pid, SIGKILL);
        return wait();
    }

private:
    pid_t m_pid;
};

// A T that this process and its children share.
template <class T>
class shared {
public:
    shared() : p_value(new (mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) T{}) {}
    shared(const shared&) = delete;
    shared& operator=(const shared&) = delete;
    ~shared() { munmap(p_value, sizeof(T)); }

    T* operator->() const noexcept { return p_value; }
    T& operator*() const noexcept { return *p_value; }

private:
    T* p_value;
};

} // namespace xpar::test
