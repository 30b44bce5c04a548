// A process group whose contexts run a script of a test instead of works, and the fixture that starts and ends one.
#pragma once

#include "runtime/process/process_group.hpp"
#include "runtime/process/signals.hpp"
#include "tests/unit/forked.hpp"
#include "tests/unit/processes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace xpar::test {

inline constexpr std::uint32_t k_most_contexts = 4;
inline constexpr std::uint32_t k_most_jobs = 1024;

// What the processes of a group share with the test.
struct group_memory {
    process_group_shm group;
    context_shm contexts[k_most_contexts];
    event_shm changed;

    std::atomic<std::uint32_t> jobs; // to be done, each once, in this order
    std::atomic<std::uint32_t> taken;
    std::atomic<std::uint32_t> begun[k_most_jobs];
    std::atomic<std::uint32_t> finished[k_most_jobs];
    std::atomic<std::int32_t> done_by[k_most_jobs]; // the process

    std::atomic<std::uint32_t> zygotes_entered;
    std::atomic<std::uint32_t> ends_told;
    std::atomic<std::uint32_t> deaths_told[k_most_contexts];
    std::atomic<std::int32_t> status_told[k_most_contexts];
    std::atomic<std::uint32_t> alive_when_told; // contexts that were not dead when group_ends was called

    std::atomic<std::uint32_t> flags[4]; // the test's own
};

// Contexts take jobs until none is left. Everything a test may want to happen elsewhere is a hook.
class scripted_program : public program {
public:
    using script = std::function<void(std::uint32_t job)>;

    scripted_program(group_memory& shared, script job) : m_shared(shared), m_job(std::move(job)) {}

    std::function<void(std::uint32_t slot)> at_entry = [](std::uint32_t) {};       // in a context, before it begins
    std::function<void(std::uint32_t slot)> before_leaving = [](std::uint32_t) {}; // in a context, its last act
    std::function<void()> in_parent = [] {};                                       // where fork has just returned

    std::uint64_t patience_ns = 15'000'000'000; // until a context begins
    std::uint64_t begin_patience_ns() const noexcept override { return patience_ns; }

    // Forks of which only one side was told; 0 in every process.
    int open_forks() const noexcept { return m_open_forks; }

    void before_fork() noexcept override { ++m_open_forks; }
    void after_fork_parent() noexcept override {
        --m_open_forks;
        in_parent();
    }
    void after_fork_child() noexcept override { --m_open_forks; }
    void enter_zygote() noexcept override { m_shared.zygotes_entered.fetch_add(1); }

    void run_context(std::uint32_t slot) noexcept override {
        at_entry(slot);
        context_shm& self = m_shared.contexts[slot];
        while (m_shared.group.stop.load() == stop_level::none) {
            self.turns.fetch_add(1);
            std::uint32_t job = m_shared.taken.load();
            while (job < m_shared.jobs.load() && !m_shared.taken.compare_exchange_weak(job, job + 1)) {
            }
            if (job >= m_shared.jobs.load()) {
                self.turns.fetch_add(1);
                break;
            }
            m_shared.begun[job].fetch_add(1);
            m_shared.done_by[job].store(getpid());
            m_job(job);
            m_shared.finished[job].fetch_add(1);
            self.turns.fetch_add(1);
        }
        before_leaving(slot);
    }

    void context_died(std::uint32_t slot, int wait_status) noexcept override {
        m_shared.deaths_told[slot].fetch_add(1);
        m_shared.status_told[slot].store(wait_status);
    }

    bool wants_context() const noexcept override { return m_shared.taken.load() < m_shared.jobs.load(); }

    void group_ends() noexcept override {
        for (std::uint32_t slot = 0; slot < m_shared.group.context_count; ++slot) {
            m_shared.alive_when_told.fetch_add(m_shared.contexts[slot].pid.load() != 0);
        }
        m_shared.ends_told.fetch_add(1);
    }

private:
    group_memory& m_shared;
    script m_job;
    int m_open_forks = 0;
};

// Tests of one group. Whatever else they find: no process is left after them.
class group_test : public testing::Test {
protected:
    void SetUp() override {
        adopt_orphans();
        renew();
    }

    // A group that has never been started.
    void renew() {
        std::destroy_at(&memory());
        std::construct_at(&memory());
        memory().group.contexts = memory().contexts;
        memory().group.changed = &memory().changed;
    }

    void TearDown() override { EXPECT_TRUE(all_children_end(k_patience_ns)) << "a process was left"; }

    group_memory& memory() noexcept { return *m_memory; }
    process_group_shm& group() noexcept { return memory().group; }
    context_shm& context(std::uint32_t slot) noexcept { return memory().contexts[slot]; }

    void plan(std::uint32_t contexts, std::uint32_t jobs) {
        ASSERT_LE(contexts, k_most_contexts);
        ASSERT_LE(jobs, k_most_jobs);
        group().context_count.store(contexts);
        group().most_contexts = k_most_contexts;
        memory().jobs.store(jobs);
    }

    void start(scripted_program& runs) {
        const status started = start_group(group(), runs);
        ASSERT_TRUE(started) << started.what();
        EXPECT_EQ(runs.open_forks(), 0);
    }

    void start(std::uint32_t contexts, std::uint32_t jobs, scripted_program::script job) {
        plan(contexts, jobs);
        scripted_program runs(memory(), std::move(job));
        start(runs);
    }

    // Waits as the main process does: for the group's event. True when the condition came true.
    template <class Condition>
    bool changes_until(Condition condition, std::uint64_t patience_ns = k_patience_ns) {
        const std::uint64_t deadline = monotonic_ns() + patience_ns;
        for (;;) {
            const std::uint32_t seen = event_now(memory().changed);
            if (condition()) {
                return true;
            }
            const std::uint64_t now = monotonic_ns();
            if (now >= deadline) {
                return false;
            }
            event_wait(memory().changed, seen, static_cast<std::int64_t>(deadline - now));
        }
    }

    bool ended() const noexcept { return m_memory->group.state.load() == group_state::ended; }

    // The group ends by itself, the zygote is there to be reaped, and then no process is.
    void expect_end(reap_result how = reap_result::reaped) {
        ASSERT_TRUE(changes_until([this] { return ended(); })) << "the group did not end";
        EXPECT_EQ(reap_group(group(), true), how);
        EXPECT_EQ(reap_group(group(), false), reap_result::gone);
        EXPECT_TRUE(all_children_end(0)) << "the zygote left a process behind";
        EXPECT_EQ(memory().zygotes_entered.load(), 1U);
        EXPECT_EQ(memory().ends_told.load(), 1U);
        EXPECT_EQ(memory().alive_when_told.load(), 0U);
        for (std::uint32_t slot = 0; slot < group().context_count; ++slot) {
            EXPECT_EQ(context(slot).pid.load(), 0) << slot;
            EXPECT_NE(context(slot).state.load(), context_state::alive) << slot;
        }
    }

    // Jobs 0 ... count - 1 were begun once; `unfinished` of them did not come to an end.
    void expect_begun_once(std::uint32_t count, std::uint32_t unfinished = 0) {
        std::uint32_t finished = 0;
        for (std::uint32_t job = 0; job < count; ++job) {
            EXPECT_EQ(memory().begun[job].load(), 1U) << job;
            finished += memory().finished[job].load();
        }
        EXPECT_EQ(finished, count - unfinished);
        EXPECT_EQ(memory().taken.load(), count);
    }

    std::uint32_t deaths() {
        std::uint32_t sum = 0;
        for (std::uint32_t slot = 0; slot < group().context_count; ++slot) {
            sum += memory().deaths_told[slot].load();
        }
        return sum;
    }

private:
    const shared<group_memory> m_memory;
};

} // namespace xpar::test
