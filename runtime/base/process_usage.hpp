// What a process has used, as the system tells of it: its own, or that of any process of the same user.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>

struct rusage;

namespace xpar {

struct address_range {
    std::uint64_t begin;
    std::uint64_t end;
};

// Processor time of all its threads, in nanoseconds; 0 when there is no such process.
std::uint64_t processor_ns(pid_t pid) noexcept;
std::uint64_t processor_ns(const rusage& used) noexcept;

// Bytes of private memory that it has written to and shares with nobody, without what lies in `except`. In a forked
// child that is what it has copied of its parent's memory or taken itself. Nothing when it cannot be read.
std::optional<std::uint64_t> written_bytes(pid_t pid, std::initializer_list<address_range> except);

// About what written_bytes would take for this process, in nanoseconds: the system looks at every resident page.
std::uint64_t written_bytes_cost_ns() noexcept;

} // namespace xpar
