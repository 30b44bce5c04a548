#include "runtime/base/cgroup.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

namespace xpar {
namespace {

// A file that does not exist, or says "max", limits nothing.
bool read_number(const std::string& path, double& number) {
    std::ifstream file(path);
    return static_cast<bool>(file >> number);
}

void limit_processors(cgroup_limits& limits, double quota, double period) {
    if (quota > 0 && period > 0) { // version 1 writes -1 for "no quota"
        limits.processors = std::min(limits.processors, quota / period);
    }
}

void limit_memory(cgroup_limits& limits, const std::string& path) {
    // Version 1 writes a number near 2^63 for "no limit", which limits nothing either.
    if (double bytes = 0; read_number(path, bytes) && bytes >= 0 && bytes < 0x1p63) {
        limits.memory_bytes = std::min(limits.memory_bytes, static_cast<std::uint64_t>(bytes));
    }
}

void apply_group(cgroup_limits& limits, const std::string& folder) {
    double quota = 0;
    double period = 0;
    if (std::ifstream cpu_max(folder + "/cpu.max"); cpu_max >> quota >> period) {
        limit_processors(limits, quota, period);
    }
    if (read_number(folder + "/cpu.cfs_quota_us", quota) && read_number(folder + "/cpu.cfs_period_us", period)) {
        limit_processors(limits, quota, period);
    }
    limit_memory(limits, folder + "/memory.max");
    limit_memory(limits, folder + "/memory.limit_in_bytes");
    if (double processes = 0; read_number(folder + "/pids.max", processes) && processes >= 0) { // "max" is no number
        limits.processes = std::min(limits.processes, static_cast<std::uint64_t>(processes));
    }
}

// The group, the groups around it, and the root of the mount.
void apply_chain(cgroup_limits& limits, const std::string& root, std::string_view group) {
    while (!group.empty() && group != "/") {
        apply_group(limits, root + std::string(group));
        group.remove_suffix(group.size() - std::min(group.rfind('/'), group.size()));
    }
    apply_group(limits, root);
}

bool names(std::string_view controllers, std::string_view wanted) {
    while (!controllers.empty()) {
        const std::size_t comma = std::min(controllers.find(','), controllers.size());
        if (controllers.substr(0, comma) == wanted) {
            return true;
        }
        controllers.remove_prefix(std::min(comma + 1, controllers.size()));
    }
    return false;
}

} // namespace

cgroup_limits read_cgroup_limits(const std::string& membership, const std::string& mount) {
    cgroup_limits limits;
    std::istringstream lines(membership);
    // "number:controllers:group"; version 2 names no controllers.
    for (std::string line; std::getline(lines, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) {
            continue;
        }
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string group = line.substr(second + 1);
        if (controllers.empty()) {
            apply_chain(limits, mount, group);
        } else if (names(controllers, "cpu") || names(controllers, "memory") || names(controllers, "pids")) {
            apply_chain(limits, mount + "/" + controllers, group);
        }
    }
    return limits;
}

cgroup_limits read_cgroup_limits() {
    std::ifstream file("/proc/self/cgroup");
    const std::string membership{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    return read_cgroup_limits(membership, "/sys/fs/cgroup");
}

} // namespace xpar
