#include "runtime/base/cgroup.hpp"

#include "runtime/base/processors.hpp"
#include "tests/unit/forked.hpp"

#include <gtest/gtest.h>

#include <sched.h>

#include <cmath>
#include <filesystem>
#include <fstream>

namespace {

using xpar::cgroup_limits;
using xpar::read_cgroup_limits;

class cgroup : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "cgroupXXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        m_mount = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(m_mount); }

    void write(const std::string& path, const std::string& text) {
        const std::filesystem::path file = m_mount + "/" + path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }

    std::string m_mount;
};

TEST_F(cgroup, nothing_mounted_limits_nothing) {
    const cgroup_limits limits = read_cgroup_limits("0::/a/b\n4:memory:/x\nnonsense\n", m_mount);
    EXPECT_TRUE(std::isinf(limits.processors));
    EXPECT_EQ(limits.memory_bytes, UINT64_MAX);
    EXPECT_EQ(limits.processes, UINT64_MAX);
}

TEST_F(cgroup, version_2_takes_the_tightest_of_the_group_and_those_around_it) {
    write("a/b/cpu.max", "max 100000\n");
    write("a/cpu.max", "150000 100000\n");
    write("cpu.max", "400000 100000\n");
    write("a/b/memory.max", "1000000\n");
    write("a/memory.max", "max\n");
    const cgroup_limits limits = read_cgroup_limits("0::/a/b\n", m_mount);
    EXPECT_DOUBLE_EQ(limits.processors, 1.5);
    EXPECT_EQ(limits.memory_bytes, 1'000'000U);
}

TEST_F(cgroup, a_group_outside_of_the_mount_counts_as_the_mounted_root) {
    write("cpu.max", "50000 100000\n");
    write("memory.max", "4096\n");
    const cgroup_limits limits = read_cgroup_limits("0::/../elsewhere/container\n", m_mount);
    EXPECT_DOUBLE_EQ(limits.processors, 0.5);
    EXPECT_EQ(limits.memory_bytes, 4096U);
}

TEST_F(cgroup, version_1_reads_each_controller_in_its_own_folder) {
    write("cpu,cpuacct/box/cpu.cfs_quota_us", "300000\n");
    write("cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");
    write("cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    write("cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    write("memory/box/memory.limit_in_bytes", "2097152\n");
    write("memory/memory.limit_in_bytes", "9223372036854771712\n");
    write("cpuset/box/memory.max", "1\n"); // not a folder of the controllers that matter
    const cgroup_limits limits = read_cgroup_limits("9:cpuset:/box\n5:cpu,cpuacct:/box\n3:memory:/box\n", m_mount);
    EXPECT_DOUBLE_EQ(limits.processors, 3.0);
    EXPECT_EQ(limits.memory_bytes, 2'097'152U);
}

TEST_F(cgroup, the_number_of_processes_is_read_in_both_versions) {
    write("a/pids.max", "200\n");
    write("a/b/pids.max", "max\n");
    EXPECT_EQ(read_cgroup_limits("0::/a/b\n", m_mount).processes, 200U);
    write("pids/box/pids.max", "64\n");
    write("pids/pids.max", "max\n");
    EXPECT_EQ(read_cgroup_limits("8:pids:/box\n", m_mount).processes, 64U);
}

TEST_F(cgroup, version_1_without_limits_limits_nothing) {
    write("memory/memory.limit_in_bytes", "9223372036854775807\n");
    write("cpu/cpu.cfs_quota_us", "-1\n");
    write("cpu/cpu.cfs_period_us", "100000\n");
    const cgroup_limits limits = read_cgroup_limits("1:cpu:/\n2:memory:/\n", m_mount);
    EXPECT_TRUE(std::isinf(limits.processors));
    EXPECT_GE(limits.memory_bytes, std::uint64_t{1} << 62);
}

TEST(processors, no_more_than_the_affinity_mask_and_at_least_one) {
    EXPECT_GE(xpar::usable_processors(), 1U);
    xpar::test::child pinned([] {
        cpu_set_t allowed;
        if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
            return 2;
        }
        std::size_t first = 0;
        while (!CPU_ISSET(first, &allowed)) {
            ++first;
        }
        CPU_ZERO(&allowed);
        CPU_SET(first, &allowed);
        if (sched_setaffinity(0, sizeof allowed, &allowed) != 0) {
            return 3;
        }
        return xpar::usable_processors() == 1 ? 0 : 1;
    });
    EXPECT_EQ(pinned.wait(), 0);
}

} // namespace
