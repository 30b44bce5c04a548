// What the control groups of this process leave it of the machine: processors (cpu.max, cfs quota), memory, and
// processes (pids.max). Read from the files the kernel shows; the tightest limit of the group and all groups around it
// counts.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace xpar {

struct cgroup_limits {
    double processors = std::numeric_limits<double>::infinity();
    std::uint64_t memory_bytes = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t processes = std::numeric_limits<std::uint64_t>::max(); // threads count, too
};

// `membership` is the text of /proc/self/cgroup, `mount` the folder the hierarchies are mounted under. In a container
// the group named may lie outside of what is mounted; then the mounted root itself is the group.
cgroup_limits read_cgroup_limits(const std::string& membership, const std::string& mount);

// Of this process, under /sys/fs/cgroup.
cgroup_limits read_cgroup_limits();

} // namespace xpar
