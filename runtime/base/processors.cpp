#include "runtime/base/processors.hpp"

#include "runtime/base/cgroup.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <memory>
#include <thread>

namespace xpar {
namespace {

struct free_cpu_set {
    void operator()(cpu_set_t* set) const noexcept { CPU_FREE(set); }
};

unsigned processors_in_mask() {
    // The kernel refuses a set smaller than its own; machines with more than CPU_SETSIZE (1024) processors exist.
    for (std::size_t capacity = CPU_SETSIZE; capacity <= std::size_t{64} * CPU_SETSIZE; capacity *= 2) {
        const std::unique_ptr<cpu_set_t, free_cpu_set> set(CPU_ALLOC(capacity));
        const std::size_t bytes = CPU_ALLOC_SIZE(capacity);
        if (set && sched_getaffinity(0, bytes, set.get()) == 0) {
            return static_cast<unsigned>(CPU_COUNT_S(bytes, set.get()));
        }
        if (errno != EINVAL) {
            break;
        }
    }
    return std::thread::hardware_concurrency();
}

} // namespace

unsigned usable_processors() {
    const double allowed = std::min<double>(processors_in_mask(), std::ceil(read_cgroup_limits().processors));
    return std::max(1U, static_cast<unsigned>(allowed));
}

} // namespace xpar
