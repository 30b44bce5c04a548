// A context is cut off after its first, second, third ... instruction while it takes works and items, and settled as
// the zygote does it. Another one goes on, and the batch must end as if the first had died in user code. A killed
// process leaves shared memory as it is at that instant. So one context is stepped through, and after every instruction
// that changed something the batch is brought to its end, looked at, and put back as it was; some are killed indeed.
#include "tests/unit/batches.hpp"
#include "tests/unit/stepped.hpp"

#include <climits>
#include <cstddef>

namespace {

using namespace xpar;
using namespace xpar::test;

class schedule_killed_anywhere : public batch_test {
protected:
    void SetUp() override {
        if (!can_trace()) {
            GTEST_SKIP() << "processes cannot be traced here";
        }
        batch_test::SetUp();
    }

    // Two works, one of them watched, and two queues with an item; the first one's is pushed on to the second.
    void prepare(std::uint64_t works, std::uint32_t queues) {
        make(works, 2, queues);
        for (std::uint64_t index = 1; index < works; ++index) {
            EXPECT_FALSE(of().works().watch(index));
        }
        runs().work = [this](std::uint64_t index) {
            notes().works[index].fetch_add(1);
            return index == 0 ? outcome{work_state::failed, 100} : done(100 + index);
        };
        runs().item = [this](std::uint32_t queue, std::uint64_t value) {
            notes().items[number_of(value)].fetch_add(1);
            if (queue == 0) {
                push(1, number_of(value) + 1);
            }
            return true;
        };
        if (queues != 0) {
            push(0, 0);
        }
    }

    void act() {
        runs().after_fork_child(); // its cursor is its own
        runs().run_context(0);
    }

    // What the zygote does, and then another context in slot 1; then the end.
    void settle_and_finish() {
        const std::uint32_t progress = event_now(of().shared().progress);
        runs().context_died(0, SIGKILL);
        EXPECT_NE(event_now(of().shared().progress), progress) << "those who wait for it must hear of it";
        EXPECT_EQ(of().context(0).turns.load() % 2, 0U);
        EXPECT_EQ(of().context(0).current.load(), 0U);
        if (runs().wants_context()) {
            permit leave = of().permit_for(1);
            run_context_loop(of(), 1, leave, runs());
        }
        EXPECT_FALSE(runs().wants_context());
        EXPECT_TRUE(of().quiescent());
        runs().group_ends();
        of().group().state.store(group_state::ended);
        read_reports();
        expect_all_final_and_reported();
    }

    void verify(bool returned, std::uint64_t works, std::uint32_t queues) {
        settle_and_finish();
        std::uint64_t crashed = 0;
        for (std::uint64_t index = 0; index < works; ++index) {
            if (state(index) == work_state::crashed) {
                ++crashed;
                EXPECT_EQ(result(index), static_cast<std::uint64_t>(SIGKILL));
                EXPECT_LE(notes().works[index].load(), 1U);
            } else {
                EXPECT_EQ(state(index), index == 0 ? work_state::failed : work_state::done);
                EXPECT_EQ(notes().works[index].load(), 1U);
                EXPECT_EQ(result(index), 100 + index);
            }
        }
        const std::uint64_t told = reports_of(record_kind::item_crashed);
        std::uint64_t missing = 0;
        for (std::uint32_t number = 0; number < queues; ++number) {
            EXPECT_LE(notes().items[number].load(), 1U);
            EXPECT_EQ(of().queue(number).size(), 0U);
            missing += of().queue(number).tail() - of().shared().queues[number].consumed.load();
        }
        EXPECT_LE(missing, told);
        EXPECT_LE(crashed + told, returned ? 0U : 1U) << "one thing at a time";
        give_back_memory();
        forget_reports();
        runs().after_fork_child(); // what its cursor filled is gone
    }

    // Steps through `acts`, lets `look` bring the batch to its end after every instruction that changed something, and
    // puts back what was. How many instructions there were.
    template <class Acts, class Look>
    int step_through(const Acts& acts, Look look) {
        int length = 0;
        int cuts = 0;
        stepped_child context(acts);
        std::vector<std::byte> last;
        for (;; length += context.step(1)) {
            // Looking takes long, and at what has not changed it would find the same.
            std::vector<std::byte> now = what_may_change();
            if (now != last) {
                const memory_image before = take_image();
                look(context.returned());
                if (HasFailure()) {
                    ADD_FAILURE() << "after " << length << " instructions";
                    break;
                }
                put_back(before);
                last = std::move(now);
                ++cuts;
            }
            if (context.returned()) {
                EXPECT_EQ(context.finish(), 0);
                break;
            }
        }
        std::printf("%d states in %d instructions\n", cuts, length);
        EXPECT_GT(cuts, 10) << "hardly any instruction was stepped through";
        return length;
    }

    void cut_everywhere(std::uint64_t works, std::uint32_t queues) {
        const auto acts = [this] { act(); };
        prepare(works, queues);
        const int length = step_through(acts, [&](bool returned) { verify(returned, works, queues); });
        destroy();
        for (int steps = 0; steps < length && !HasFailure(); steps += length / scaled(50)) {
            prepare(works, queues);
            stepped_child victim(acts);
            victim.step(steps);
            victim.kill();
            verify(victim.returned(), works, queues);
            m_batch.reset();
            EXPECT_FALSE(HasFailure()) << "killed after " << steps << " instructions";
        }
    }

    // All that the test's batches ever use of the region, and the notes.
    static constexpr std::size_t k_bytes_used = 16 * k_chunk_bytes;

    struct memory_image {
        std::vector<std::byte> chunks;
        std::vector<std::byte> notes;
    };

    // The batch with its reports, its queues, and the first of the region's owner table.
    std::vector<std::byte> what_may_change() {
        std::vector<std::byte> all;
        const auto add = [&](const void* place, std::size_t bytes) {
            const auto* const first = static_cast<const std::byte*>(place);
            all.insert(all.end(), first, first + bytes);
        };
        add(&of().shared(), of().shared().bytes);
        for (const heap_id list : m_queues) {
            add(&m_table->at(list), sizeof(shared_list_shm));
        }
        add(m_memory->at(0), 256);
        return all;
    }

    memory_image take_image() {
        const auto* const first = static_cast<const std::byte*>(m_memory->at(0));
        const auto* const note = reinterpret_cast<const std::byte*>(&notes());
        return {{first, first + k_bytes_used}, {note, note + sizeof(ledger)}};
    }

    void put_back(const memory_image& image) {
        std::memcpy(m_memory->at(0), image.chunks.data(), image.chunks.size());
        std::memcpy(static_cast<void*>(&notes()), image.notes.data(), image.notes.size());
    }
};

TEST_F(schedule_killed_anywhere, while_it_runs_works) {
    cut_everywhere(2, 0);
}

// Work 0 fails and is run again, by the same context or by the next; work 1 is done at once.
TEST_F(schedule_killed_anywhere, while_a_work_is_run_again) {
    make(2, 2, 0, true);
    of().shared().limits[0].retries.store(2);
    runs().work = [this](std::uint64_t index) {
        const bool fails = notes().works[index].fetch_add(1) == 0 && index == 0;
        return fails ? outcome{work_state::failed, 100} : done(100 + index);
    };
    step_through([this] { act(); },
                 [this](bool) {
                     settle_and_finish();
                     EXPECT_EQ(state(0), work_state::done);
                     EXPECT_LE(notes().works[0].load(), 3U); // the first attempt, one that was cut off, the last
                     EXPECT_GE(notes().works[0].load(), 2U);
                     EXPECT_GE(of().shared().limits[0].attempts.load(), 1U);
                     give_back_memory();
                     forget_reports();
                     runs().after_fork_child();
                 });
    runs().group_ends();
    of().group().state.store(group_state::ended);
}

TEST_F(schedule_killed_anywhere, while_it_consumes_items) {
    cut_everywhere(0, 2);
}

// Nobody is killed here; at every instruction the notes are what a death would be settled by.
TEST_F(schedule_killed_anywhere, its_notes_always_name_what_it_has) {
    prepare(2, 2);
    const auto acts = [this] { act(); };
    stepped_child context(acts);
    int length = 0;
    for (; !context.returned(); length += context.step(1)) {
        const context_shm& self = of().context(0);
        for (std::uint64_t index = 0; index < 2; ++index) {
            const work_view seen = of().works().view(index);
            if (seen.state == work_state::running) {
                ASSERT_EQ(seen.slot, 0U);
                ASSERT_EQ(self.current.load(), index + 1) << "after " << length << " instructions";
            }
        }
        bool holds_something = false;
        for (std::uint32_t number = 0; number < 2; ++number) {
            const std::uint64_t taken = of().queue(number).head();
            if (taken != of().shared().queues[number].consumed.load()) {
                holds_something = true;
                ASSERT_EQ(self.queue.load(), number + 1) << "after " << length << " instructions";
            }
        }
        holds_something = holds_something || self.current.load() != 0;
        ASSERT_TRUE(self.turns.load() % 2 == 1 || !holds_something) << "after " << length << " instructions";
        const bool all_begun = notes().works[0].load() + notes().works[1].load() == 2 &&
                               notes().items[0].load() + notes().items[1].load() == 2;
        ASSERT_TRUE(all_begun || !of().quiescent()) << "after " << length << " instructions";
        ASSERT_TRUE(all_begun || runs().wants_context() || self.turns.load() % 2 == 1);
    }
    EXPECT_GT(length, 100);
    EXPECT_EQ(context.finish(), 0);
    runs().group_ends();
    of().group().state.store(group_state::ended);
}

} // namespace
