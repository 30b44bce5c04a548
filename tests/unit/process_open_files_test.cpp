// Files that the main process has open for reading: each context has its own position in them, and the main process its
// own.
#include "tests/unit/groups.hpp"

#include "runtime/process/open_files.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <string>

namespace {

using namespace xpar;
using namespace xpar::test;

class process_open_files : public group_test {
protected:
    void SetUp() override {
        group_test::SetUp();
        const int made = mkstemp(m_path.data());
        ASSERT_GE(made, 0);
        const std::string text = "0123456789";
        ASSERT_EQ(write(made, text.data(), text.size()), 10);
        close(made);
    }
    void TearDown() override {
        unlink(m_path.c_str());
        group_test::TearDown();
    }

    // In a job: what `count` bytes from the descriptor's position on are, as a number; 0 when they cannot be read.
    static std::uint32_t next_digits(int descriptor, std::size_t count) {
        char text[16] = {};
        return read(descriptor, text, count) == static_cast<ssize_t>(count)
                   ? static_cast<std::uint32_t>(std::atoi(text))
                   : 0;
    }

    std::string m_path = "/tmp/xpar-open-files-XXXXXX";
};

TEST_F(process_open_files, each_context_reads_on_from_where_the_snapshot_was) {
    const int file = open(m_path.c_str(), O_RDONLY);
    ASSERT_EQ(lseek(file, 3, SEEK_SET), 3);
    ASSERT_EQ(unlink(m_path.c_str()), 0); // it has no name any more
    start(2, 2, [&](std::uint32_t job) {
        memory().flags[2].fetch_add(1);
        while (memory().flags[2].load() < 2) { // both contexts have begun
        }
        memory().flags[job].store(next_digits(file, 4));
    });
    expect_end();
    EXPECT_EQ(memory().flags[0].load(), 3456U);
    EXPECT_EQ(memory().flags[1].load(), 3456U);
    EXPECT_EQ(lseek(file, 0, SEEK_CUR), 3);
    close(file);
}

TEST_F(process_open_files, one_that_replaces_a_dead_context_begins_there_too) {
    const int file = open(m_path.c_str(), O_RDONLY);
    start(1, 2, [&](std::uint32_t job) {
        memory().flags[job].store(next_digits(file, 2) + 1);
        if (job == 0) {
            _exit(1);
        }
    });
    ASSERT_TRUE(wait_until([&] { return memory().flags[1].load() != 0; }));
    expect_end();
    EXPECT_EQ(memory().flags[1].load(), 2U); // "01", once more
    close(file);
}

TEST_F(process_open_files, what_is_open_for_writing_stays_shared) {
    const int appended = open(m_path.c_str(), O_RDWR);
    ASSERT_EQ(lseek(appended, 0, SEEK_END), 10);
    start(1, 3, [&](std::uint32_t) { EXPECT_EQ(write(appended, "x", 1), 1); });
    expect_end();
    EXPECT_EQ(lseek(appended, 0, SEEK_CUR), 13);
    close(appended);
}

TEST_F(process_open_files, flags_of_the_descriptor_are_kept) {
    const int closed = open(m_path.c_str(), O_RDONLY | O_CLOEXEC);
    const int inherited = open(m_path.c_str(), O_RDONLY);
    start(1, 1, [&](std::uint32_t) {
        memory().flags[0].store(fcntl(closed, F_GETFD) == FD_CLOEXEC ? 1 : 2);
        memory().flags[1].store(fcntl(inherited, F_GETFD) == 0 ? 1 : 2);
    });
    expect_end();
    EXPECT_EQ(memory().flags[0].load(), 1U);
    EXPECT_EQ(memory().flags[1].load(), 1U);
    close(closed);
    close(inherited);
}

TEST_F(process_open_files, without_a_descriptor_to_spare_the_file_stays_shared_and_works) {
    const int file = open(m_path.c_str(), O_RDONLY);
    open_files noted;
    noted.note();
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{static_cast<rlim_t>(file) + 1, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    noted.reopen_child();
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(next_digits(file, 4), 123U);
    close(file);
}

} // namespace
