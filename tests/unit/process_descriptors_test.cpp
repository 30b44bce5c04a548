// What contexts write to descriptors 1 and 2: it reaches the zygote, all of it, also from one that dies.
#include "tests/unit/groups.hpp"

#include "runtime/process/descriptor_pipes.hpp"

#include <sys/resource.h>

#include <string>

namespace {

using namespace xpar;
using namespace xpar::test;

class process_descriptors : public group_test {
protected:
    // What the zygote is told, counted in memory of all processes.
    struct heard {
        std::atomic<std::uint64_t> bytes[3]; // by descriptor
        std::atomic<std::uint32_t> last;     // how often a context's output has ended
    };

    class listening_program final : public scripted_program {
    public:
        listening_program(group_memory& shared, heard& to, script job)
            : scripted_program(shared, std::move(job)), m_heard(to) {}
        void context_wrote(std::uint32_t, int descriptor, std::string_view text) noexcept override {
            m_heard.bytes[descriptor].fetch_add(text.size());
        }
        void context_wrote_last(std::uint32_t) noexcept override { m_heard.last.fetch_add(1); }

    private:
        heard& m_heard;
    };

    void run(std::uint32_t contexts, std::uint32_t jobs, scripted_program::script job) {
        plan(contexts, jobs);
        listening_program runs(memory(), *m_heard, std::move(job));
        const status started = start_group(group(), runs);
        ASSERT_TRUE(started) << started.what();
        expect_end();
    }

    shared<heard> m_heard;
};

void write_all(int descriptor, std::size_t bytes) {
    const std::string text(bytes, 'x');
    for (std::size_t at = 0; at < bytes;) {
        const ssize_t size = write(descriptor, text.data() + at, bytes - at);
        if (size <= 0) {
            _exit(9);
        }
        at += static_cast<std::size_t>(size);
    }
}

TEST_F(process_descriptors, all_that_is_written_is_heard) {
    run(2, 20, [](std::uint32_t) {
        write_all(1, 300'000); // several times what a pipe holds
        write_all(2, 7);
    });
    EXPECT_EQ(m_heard->bytes[1].load(), 20U * 300'000U);
    EXPECT_EQ(m_heard->bytes[2].load(), 20U * 7U);
    EXPECT_GE(m_heard->last.load(), 1U);
}

TEST_F(process_descriptors, what_a_process_wrote_before_it_was_killed_is_heard) {
    run(1, 10, [](std::uint32_t) {
        write_all(2, 1000);
        raise(SIGKILL);
    });
    EXPECT_EQ(m_heard->bytes[2].load(), 10'000U);
    EXPECT_EQ(deaths(), 10U);
}

TEST_F(process_descriptors, a_context_can_wait_until_it_was_heard) {
    run(1, 100, [this](std::uint32_t job) {
        write_all(1, 100);
        await_descriptors_read_child();
        memory().flags[0].fetch_add(m_heard->bytes[1].load() != (job + 1) * 100);
    });
    EXPECT_EQ(memory().flags[0].load(), 0U) << "waits that were over too early";
    EXPECT_EQ(m_heard->bytes[1].load(), 10'000U);
}

TEST_F(process_descriptors, without_any_descriptor_left_contexts_run_and_nothing_is_heard) {
    if (k_sanitized) {
        GTEST_SKIP() << "the sanitizer needs descriptors of its own";
    }
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{3, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    run(2, 10, [](std::uint32_t) { await_descriptors_read_child(); });
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    expect_begun_once(10);
    EXPECT_GE(m_heard->last.load(), 1U) << "an end is told even so";
}

} // namespace
