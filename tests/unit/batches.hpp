// A batch whose works and consumers are functions of a test, and the fixture that runs one and looks at what it left.
#pragma once

#include "runtime/schedule/batch.hpp"
#include "runtime/schedule/context_loop.hpp"
#include "tests/unit/forked.hpp"
#include "tests/unit/processes.hpp"

#include <gtest/gtest.h>

#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xpar::test {

using outcome = work_runner::outcome;

constexpr outcome done(std::uint64_t result = 0) noexcept {
    return {work_state::done, result};
}

class scripted_batch final : public program, public work_runner {
public:
    explicit scripted_batch(const batch& of) : m_batch(of) {}

    std::function<outcome(std::uint64_t index)> work = [](std::uint64_t) { return done(); };
    std::function<bool(std::uint32_t queue, std::uint64_t value)> item = [](std::uint32_t, std::uint64_t) {
        return true;
    };
    std::function<void()> at_entry = [] {}; // in a context, before it begins

    // Of the process that asks.
    heap_cursor& cursor() {
        if (!m_cursor) {
            m_cursor.emplace(m_batch.memory(), m_batch.shared().heap_number, m_batch.shared().heap);
        }
        return *m_cursor;
    }

    // What a work prints.
    void print(std::uint64_t index, std::string_view text) {
        (void)m_batch.report_record(cursor(), record_kind::stdout_text, m_slot, index, text);
    }

    void before_fork() noexcept override {}
    void after_fork_parent() noexcept override {}
    void after_fork_child() noexcept override { m_cursor.reset(); }
    void enter_zygote() noexcept override {}
    void run_context(std::uint32_t slot) noexcept override {
        m_slot = slot;
        at_entry();
        permit leave = m_batch.permit_for(slot);
        run_context_loop(m_batch, slot, leave, *this);
    }
    void context_died(std::uint32_t slot, int wait_status) noexcept override {
        m_batch.settle_context(cursor(), slot, wait_status);
    }
    bool wants_context() const noexcept override { return m_batch.wants_context(); }
    std::uint64_t look_after(std::uint64_t now_ns) noexcept override { return m_batch.enforce_timeouts(now_ns); }
    void group_ends() noexcept override { m_batch.settle_rest(0); }

    outcome run_work(std::uint64_t index) noexcept override { return work(index); }
    bool run_item(std::uint32_t queue, std::uint64_t value) noexcept override { return item(queue, value); }

private:
    batch m_batch;
    std::optional<heap_cursor> m_cursor;
    std::uint32_t m_slot = 0;
};

// A report, read.
struct report {
    std::uint64_t ended_work = ~std::uint64_t{0}; // for the end of a work
    record_kind kind{};                           // for the rest
    std::uint32_t slot = 0;
    std::uint64_t subject = 0;
    std::string body;

    bool is_end() const noexcept { return ended_work != ~std::uint64_t{0}; }
    std::uint64_t number() const { // the body of item_failed and item_crashed
        std::uint64_t value = 0;
        std::memcpy(&value, body.data(), std::min(sizeof value, body.size()));
        return value;
    }
};

// Tests of batches in a region of their own. Whatever else they find: no process and no memory is left after them.
class batch_test : public testing::Test {
protected:
    static constexpr std::uint64_t k_most_counters = 1 << 14;

    struct ledger {
        event_shm changed;
        std::atomic<std::uint32_t> works[k_most_counters]; // times begun, by index
        std::atomic<std::uint32_t> items[k_most_counters]; // times begun, by number_of(value)
        std::atomic<std::uint32_t> pushed;                 // the test's own
        std::atomic<std::uint32_t> flags[4];
    };

    // Queues hold numbers as values of a list.
    static constexpr std::uint64_t value_of(std::uint64_t number) noexcept { return number << 3 | 1; }
    static constexpr std::uint64_t number_of(std::uint64_t value) noexcept { return value >> 3; }

    void SetUp() override {
        adopt_orphans();
        ASSERT_TRUE(region::create(std::size_t{256} << 20, m_memory));
        ASSERT_TRUE(list_table::create(*m_memory, m_table, 64));
        m_chunks = m_memory->usage().chunks;
    }

    void TearDown() override {
        if (m_batch && !m_batch->ended()) {
            stop_group(m_batch->group(), stop_level::kill);
        }
        EXPECT_TRUE(all_children_end(k_patience_ns)) << "a process was left";
        if (m_batch) {
            destroy();
        }
    }

    void make(std::uint64_t works, std::uint32_t contexts, std::uint32_t queues = 0, bool limits = false,
              std::uint32_t most_contexts = 0) {
        m_queues.clear();
        for (std::uint32_t i = 0; i < queues; ++i) {
            m_queues.push_back(m_table->allocate(0));
            ASSERT_NE(m_queues.back(), 0U);
        }
        std::destroy_at(&notes());
        std::construct_at(&notes());
        forget_reports();
        batch_shm* const made = batch::create(*m_memory,
                                              {.works = works,
                                               .contexts = contexts,
                                               .most_contexts = most_contexts,
                                               .queues = m_queues.data(),
                                               .queue_count = queues,
                                               .limits = limits},
                                              k_heap, notes().changed);
        ASSERT_NE(made, nullptr);
        m_batch.emplace(*m_memory, *m_table, *made);
        m_runs = std::make_unique<scripted_batch>(*m_batch);
    }

    void start() {
        const status started = start_group(m_batch->group(), *m_runs);
        ASSERT_TRUE(started) << started.what();
    }

    // Reads what has been reported.
    void read_reports() {
        const interlocked_list list = m_batch->reports();
        for (;; ++m_reports_read) {
            const std::uint64_t value = list.load(m_reports_read);
            if (value == k_empty) {
                return;
            }
            report& read = m_reports.emplace_back();
            if (kind_of(value) == report_kind::work_ended) {
                read.ended_work = work_of(value);
                EXPECT_LT(read.ended_work, m_batch->works().size());
                EXPECT_TRUE(is_final(m_batch->works().view(read.ended_work).state)) << "announced before it was true";
            } else {
                const auto* const record = m_memory->as<const report_record_shm>(record_of(value));
                read.kind = record->kind;
                read.slot = record->slot;
                read.subject = record->subject;
                read.body.assign(record->body(), record->size);
            }
        }
    }

    // As the main process waits: for the event, reading reports as they come. False when it did not come true.
    template <class Condition>
    [[nodiscard]] bool changes_until(Condition condition) {
        const std::uint64_t deadline = monotonic_ns() + k_patience_ns;
        for (;;) {
            const std::uint32_t seen = event_now(notes().changed);
            read_reports();
            if (condition()) {
                read_reports(); // what came before the condition did
                return true;
            }
            const std::uint64_t now = monotonic_ns();
            if (now >= deadline) {
                return false;
            }
            event_wait(notes().changed, seen, static_cast<std::int64_t>(deadline - now));
        }
    }

    // The batch ends by itself; every work is in a final state and what is news was reported.
    void expect_end() {
        ASSERT_TRUE(changes_until([this] { return m_batch->ended(); })) << "the batch did not end";
        EXPECT_EQ(reap_group(m_batch->group(), true), reap_result::reaped);
        expect_all_final_and_reported();
        for (std::uint32_t slot = 0; slot < m_batch->group().context_count; ++slot) {
            const context_shm& context = m_batch->context(slot);
            EXPECT_EQ(context.current.load(), 0U);
            EXPECT_EQ(context.queue.load(), 0U);
            EXPECT_EQ(context.turns.load() % 2, 0U);
        }
    }

    void expect_all_final_and_reported() {
        std::vector<std::uint32_t> told(m_batch->works().size());
        for (const report& read : m_reports) {
            if (read.is_end()) {
                ++told[read.ended_work];
            }
        }
        for (std::uint64_t index = 0; index < told.size(); ++index) {
            ASSERT_TRUE(is_final(state(index))) << index;
            if (state(index) != work_state::done || m_batch->works().is_watched(index)) {
                EXPECT_GE(told[index], 1U) << index;
            } else if (m_batch->works().view(index).slot != k_no_slot) {
                EXPECT_EQ(told[index], 0U) << "work " << index << " is no news";
            }
        }
    }

    // And its memory, and that of its queues, is the system's again.
    void destroy() {
        give_back_memory();
        m_runs.reset();
        m_batch.reset();
        m_queues.clear();
    }

    void give_back_memory() {
        batch::destroy(*m_memory, &m_batch->shared());
        for (const heap_id list : m_queues) {
            EXPECT_TRUE(m_table->release(list));
        }
        EXPECT_EQ(m_memory->usage().chunks, m_chunks);
    }

    void forget_reports() {
        m_reports.clear();
        m_reports_read = 0;
    }

    ledger& notes() noexcept { return *m_notes; }
    batch& of() noexcept { return *m_batch; }
    scripted_batch& runs() noexcept { return *m_runs; }
    work_state state(std::uint64_t index) const noexcept { return m_batch->works().view(index).state; }
    std::uint64_t result(std::uint64_t index) const noexcept { return m_batch->works().at(index).result.load(); }

    // The place in the order of reports of the end of a work; -1 if there is none.
    std::ptrdiff_t place_of_end(std::uint64_t index) const {
        for (std::size_t i = 0; i < m_reports.size(); ++i) {
            if (m_reports[i].ended_work == index) {
                return static_cast<std::ptrdiff_t>(i);
            }
        }
        return -1;
    }

    std::uint64_t reports_of(record_kind kind) const {
        std::uint64_t count = 0;
        for (const report& read : m_reports) {
            count += !read.is_end() && read.kind == kind;
        }
        return count;
    }

    std::uint64_t works_in(work_state wanted) const {
        std::uint64_t count = 0;
        for (std::uint64_t index = 0; index < m_batch->works().size(); ++index) {
            count += state(index) == wanted;
        }
        return count;
    }

    // Kills whoever is in the slot. False when nobody is. The number is still that process's when the slot says so
    // after it was opened; then no other process can be hit.
    bool kill_context(std::uint32_t slot) {
        const pid_t pid = m_batch->context(slot).pid.load();
        const int pidfd = pid > 0 ? static_cast<int>(syscall(SYS_pidfd_open, pid, 0)) : -1;
        if (pidfd < 0) {
            return false;
        }
        const bool killed =
            m_batch->context(slot).pid.load() == pid && syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0) == 0;
        close(pidfd);
        return killed;
    }

    void push(std::uint32_t queue, std::uint64_t number) {
        EXPECT_EQ(m_batch->queue(queue).push(value_of(number)), interlocked_list::push_result::pushed);
    }

    static constexpr heap_id k_heap = k_first_batch_heap + 1;

    std::unique_ptr<region> m_memory;
    std::optional<list_table> m_table;
    std::optional<batch> m_batch;
    std::unique_ptr<scripted_batch> m_runs;
    std::vector<heap_id> m_queues;
    std::vector<report> m_reports;
    std::size_t m_chunks = 0;

private:
    std::uint64_t m_reports_read = 0;
    const shared<ledger> m_notes;
};

} // namespace xpar::test
