// What tests ask the system about processes, and how long they wait for an answer.
#pragma once

#include "runtime/base/clock.hpp"

#include <dirent.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace xpar::test {

// Far more than anything here takes, so that only what never happens is waited for in vain.
inline constexpr std::uint64_t k_patience_ns = 60'000'000'000;

// Instrumented processes take ten times as long to fork and to run.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool k_sanitized = true;
#else
inline constexpr bool k_sanitized = false;
#endif
constexpr int scaled(int rounds) noexcept {
    return k_sanitized ? (rounds + 9) / 10 : rounds;
}

// False when it did not come true.
template <class Condition>
[[nodiscard]] bool wait_until(Condition condition, std::uint64_t patience_ns = k_patience_ns) {
    const std::uint64_t deadline = monotonic_ns() + patience_ns;
    while (!condition()) {
        if (monotonic_ns() > deadline) {
            return false;
        }
        usleep(200);
    }
    return true;
}

// R, S, T, Z ... as in /proc; 0 when there is no such process.
inline char process_state(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    FILE* const file = std::fopen(path.c_str(), "r");
    if (file == nullptr) {
        return 0;
    }
    char text[512] = {};
    const std::size_t length = std::fread(text, 1, sizeof text - 1, file);
    std::fclose(file);
    const char* const name_end = std::strrchr(text, ')'); // the name may hold anything
    return length == 0 || name_end == nullptr ? '\0' : name_end[2];
}

// Runs no instruction any more: gone, or waiting to be reaped.
inline bool is_dead(pid_t pid) {
    const char state = process_state(pid);
    return state == 0 || state == 'Z' || state == 'X';
}

[[nodiscard]] inline bool wait_until_asleep(pid_t pid) {
    return wait_until([pid] { return process_state(pid) == 'S'; });
}

// The numbers named by the entries of a folder of /proc.
inline std::vector<int> numbers_in(const std::string& folder) {
    std::vector<int> numbers;
    DIR* const open = opendir(folder.c_str());
    if (open == nullptr) {
        return numbers;
    }
    const int own = dirfd(open);
    while (const dirent* const entry = readdir(open)) {
        char* end = nullptr;
        const long number = std::strtol(entry->d_name, &end, 10);
        if (end != entry->d_name && *end == '\0' && number != own) {
            numbers.push_back(static_cast<int>(number));
        }
    }
    closedir(open);
    return numbers;
}

inline std::vector<int> open_descriptors() {
    return numbers_in("/proc/self/fd");
}

// From here on, what this process's descendants leave behind becomes its child instead of init's, so that none escapes
// its notice.
inline void adopt_orphans() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

// Reaps dead children, whoever's they were, for as long as there are children. False when one lives on.
[[nodiscard]] inline bool all_children_end(std::uint64_t patience_ns) {
    return wait_until(
        [] {
            pid_t reaped = 0;
            do {
                reaped = waitpid(-1, nullptr, WNOHANG);
            } while (reaped > 0);
            return reaped < 0;
        },
        patience_ns);
}

} // namespace xpar::test
