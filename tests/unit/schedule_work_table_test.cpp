#include "runtime/schedule/work_table.hpp"

#include "runtime/schedule/batch.hpp"
#include "tests/unit/forked.hpp"
#include "tests/unit/processes.hpp"
#include "tests/unit/seed.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace {

using xpar::k_no_slot;
using xpar::work_shm;
using xpar::work_state;
using xpar::work_table;
using xpar::test::child;
using xpar::test::scaled;
using xpar::test::shared;

template <std::size_t Works>
struct table_memory {
    std::array<work_shm, Works> works;
    std::atomic<std::uint64_t> next;
    std::array<std::atomic<std::uint64_t>, 4> notes; // of the claimers
    std::array<std::atomic<std::uint32_t>, 4> flags; // the test's own

    work_table table() { return {works.data(), Works, next}; }
    bool claim(std::uint32_t slot, std::uint64_t& index) { return table().claim(slot, notes[slot], index); }

    // No pending work is out of the hint's sight.
    bool hint_is_true() {
        for (std::uint64_t index = 0; index < next.load(); ++index) {
            if (table().view(index).state == work_state::pending) {
                return false;
            }
        }
        return true;
    }
};

// Some nanoseconds for each.
void spin(std::uint64_t times) {
    for (std::atomic<std::uint64_t> left{times}; left.load(std::memory_order_relaxed) != 0;) {
        left.store(left.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    }
}

TEST(work_table, a_work_goes_from_pending_to_running_to_its_end) {
    table_memory<2> memory{};
    work_table table = memory.table();
    EXPECT_EQ(table.view(0).state, work_state::pending);
    EXPECT_TRUE(table.has_pending());
    std::uint64_t index = 7;
    ASSERT_TRUE(memory.claim(3, index));
    EXPECT_EQ(index, 0U);
    EXPECT_EQ(memory.notes[3].load(), 1U);
    EXPECT_EQ(table.view(0).state, work_state::running);
    EXPECT_EQ(table.view(0).slot, 3U);
    ASSERT_TRUE(table.end(0, 3, work_state::done, 42));
    EXPECT_EQ(table.view(0).state, work_state::done);
    EXPECT_EQ(table.view(0).slot, 3U);
    EXPECT_EQ(table.at(0).result.load(), 42U);
    EXPECT_NE(table.at(0).ended_ns.load(), 0U);
    ASSERT_TRUE(memory.claim(0, index));
    EXPECT_EQ(index, 1U);
    EXPECT_FALSE(table.has_pending());
    EXPECT_FALSE(memory.claim(0, index));
    EXPECT_EQ(memory.notes[0].load(), 0U);
}

TEST(work_table, a_work_ends_once_and_by_its_owner) {
    table_memory<1> memory{};
    work_table table = memory.table();
    std::uint64_t index = 0;
    EXPECT_FALSE(table.end(0, 2, work_state::done, 1)) << "not begun";
    ASSERT_TRUE(memory.claim(2, index));
    EXPECT_FALSE(table.end(0, 1, work_state::done, 1)) << "somebody else's";
    ASSERT_TRUE(table.end(0, 2, work_state::failed, 5));
    table.at(0).ended_ns.store(77);
    EXPECT_FALSE(table.end(0, 2, work_state::crashed, 6));
    EXPECT_FALSE(table.cancel_pending(0));
    EXPECT_FALSE(table.take_pending(0, k_no_slot));
    EXPECT_EQ(table.view(0).state, work_state::failed);
    EXPECT_EQ(table.at(0).result.load(), 5U);
    EXPECT_EQ(table.at(0).ended_ns.load(), 77U) << "a refused end or cancel must leave the time alone";
}

TEST(work_table, a_work_nobody_has_begun_can_be_cancelled_or_taken_for_nobody) {
    table_memory<3> memory{};
    work_table table = memory.table();
    EXPECT_TRUE(table.cancel_pending(0));
    EXPECT_FALSE(table.cancel_pending(0));
    EXPECT_EQ(table.view(0).state, work_state::cancelled);
    EXPECT_TRUE(table.take_pending(1, k_no_slot));
    EXPECT_EQ(table.view(1).slot, k_no_slot);
    EXPECT_TRUE(table.end(1, k_no_slot, work_state::crashed, 9));
    std::uint64_t index = 0;
    ASSERT_TRUE(memory.claim(0, index));
    EXPECT_EQ(index, 2U);
    EXPECT_FALSE(memory.claim(0, index));
}

TEST(work_table, processes_share_all_works_and_none_twice) {
    constexpr std::uint64_t k_works = 200'000;
    constexpr std::uint32_t k_claimers = 3;
    struct memory_and_owners : table_memory<k_works> {
        std::array<std::atomic<std::uint8_t>, k_works> owner;
    };
    const shared<memory_and_owners> memory;
    std::vector<child> claimers;
    for (std::uint32_t slot = 0; slot < k_claimers; ++slot) {
        claimers.emplace_back([&, slot] {
            std::uint64_t last = 0;
            for (std::uint64_t index = 0; memory->claim(slot, index); last = index) {
                // Taken by two, or out of order: the hint went backwards.
                if (memory->owner[index].exchange(static_cast<std::uint8_t>(slot + 1)) != 0 || index < last) {
                    return 1;
                }
                if (!memory->table().end(index, slot, work_state::done, index)) {
                    return 2;
                }
            }
            return 0;
        });
    }
    for (child& claimer : claimers) {
        EXPECT_EQ(claimer.wait(), 0);
    }
    EXPECT_FALSE(memory->table().has_pending());
    for (std::uint64_t index = 0; index < k_works; ++index) {
        ASSERT_EQ(memory->table().view(index).state, work_state::done);
        ASSERT_EQ(memory->table().view(index).slot + 1, memory->owner[index].load());
        ASSERT_EQ(memory->works[index].result.load(), index);
    }
}

TEST(work_table, a_work_is_cancelled_or_claimed) {
    constexpr std::uint64_t k_works = 100'000;
    const shared<table_memory<k_works>> memory;
    std::vector<child> claimers;
    for (std::uint32_t slot = 0; slot < 2; ++slot) {
        claimers.emplace_back([&, slot] {
            while (memory->flags[0].load() == 0) {
                sched_yield();
            }
            std::uint32_t count = 0;
            for (std::uint64_t index = 0; memory->claim(slot, index);) {
                memory->table().end(index, slot, work_state::done, 1);
                ++count;
            }
            memory->flags[slot + 1].store(count);
            return 0;
        });
    }
    std::uint64_t cancelled = 0;
    memory->flags[0].store(1);
    for (std::uint64_t turn = 0; memory->next.load() < k_works; ++turn) {
        const std::uint64_t index = memory->next.load() + turn % 4; // where the claimers are, or will be next
        if (index >= k_works) {
            continue;
        }
        const bool mine = memory->table().cancel_pending(index);
        cancelled += mine;
        ASSERT_TRUE(mine ? memory->table().view(index).state == work_state::cancelled
                         : memory->table().view(index).state != work_state::pending);
    }
    for (child& claimer : claimers) {
        EXPECT_EQ(claimer.wait(), 0);
    }
    EXPECT_EQ(cancelled + memory->flags[1].load() + memory->flags[2].load(), k_works);
    std::uint64_t seen_cancelled = 0;
    for (std::uint64_t index = 0; index < k_works; ++index) {
        const bool is_cancelled = memory->table().view(index).state == work_state::cancelled;
        seen_cancelled += is_cancelled;
        ASSERT_EQ(memory->works[index].result.load(), is_cancelled ? 0U : 1U);
    }
    EXPECT_EQ(seen_cancelled, cancelled);
    std::printf("%llu of %llu cancelled\n", static_cast<unsigned long long>(cancelled),
                static_cast<unsigned long long>(k_works));
}

// One process ends a work and then asks whether it is watched, another watches it and then asks whether it has ended.
// Both may say yes; were there one work of which both say no, nobody would ever hear of its end.
TEST(work_table, who_watches_and_who_ends_never_miss_each_other) {
    constexpr std::uint64_t k_works = 300'000;
    struct memory_and_answers : table_memory<k_works> {
        alignas(64) std::atomic<std::uint64_t> ender_at;
        alignas(64) std::atomic<std::uint64_t> watcher_at;
        std::array<std::atomic<bool>, k_works> ender_saw;
        std::atomic<std::uint64_t> end;
    };
    const shared<memory_and_answers> memory;
    memory->end.store(k_works);
    // Both meet before each work, so that they are at it at the same time.
    const auto meet = [](std::atomic<std::uint64_t>& mine, const std::atomic<std::uint64_t>& other, std::uint64_t at) {
        mine.store(at + 1);
        for (int spins = 0; other.load() <= at; ++spins) {
            if (spins > 1000) { // the other one is not running just now
                sched_yield();
            }
        }
    };
    child ender([&] {
        for (std::uint64_t index = 0; index < memory->end.load(); ++index) {
            std::uint64_t claimed = 0;
            if (!memory->claim(0, claimed) || claimed != index) {
                return 1;
            }
            meet(memory->ender_at, memory->watcher_at, index);
            if (!memory->table().end(index, 0, work_state::done, 1)) {
                return 2;
            }
            memory->ender_saw[index].store(memory->table().is_watched(index));
        }
        return 0;
    });
    std::vector<bool> watcher_saw(k_works);
    const std::uint64_t began = xpar::monotonic_ns();
    for (std::uint64_t index = 0; index < memory->end.load(); ++index) {
        // On a busy machine each meeting takes as long as the scheduler likes.
        if (index % 1024 == 0 && xpar::monotonic_ns() - began > 5'000'000'000) {
            memory->end.store(index + 1);
        }
        meet(memory->watcher_at, memory->ender_at, index);
        // end() looks at the clock before it comes to the point: this covers the time that takes.
        spin(index % 128);
        watcher_saw[index] = memory->table().watch(index);
    }
    ASSERT_EQ(ender.wait(), 0);
    std::uint64_t both = 0;
    for (std::uint64_t index = 0; index < memory->end.load(); ++index) {
        ASSERT_TRUE(watcher_saw[index] || memory->ender_saw[index].load()) << index;
        both += watcher_saw[index] && memory->ender_saw[index].load();
    }
    std::printf("%llu of %llu times both saw it\n", static_cast<unsigned long long>(both),
                static_cast<unsigned long long>(memory->end.load()));
}

// Whatever instant claimers are killed at: each work is pending and will be found, or its claimer's note names it.
TEST(work_table, claimers_killed_at_random_instants_leave_no_work_out_of_sight) {
    constexpr std::uint64_t k_works = 20'000;
    constexpr std::uint32_t k_claimers = 3;
    auto random = xpar::test::seeded_random();
    std::uint64_t caught = 0;
    for (int round = 0; round < scaled(200); ++round) {
        const shared<table_memory<k_works>> memory;
        std::vector<child> claimers;
        for (std::uint32_t slot = 0; slot < k_claimers; ++slot) {
            claimers.emplace_back([&, slot] {
                for (std::uint64_t index = 0; memory->claim(slot, index);) {
                    spin(index % 1000);
                    memory->table().end(index, slot, work_state::done, 1);
                }
                return 0;
            });
        }
        ASSERT_TRUE(xpar::test::wait_until([&] { return memory->next.load() != 0; }));
        for (child& claimer : claimers) {
            usleep(static_cast<useconds_t>(random() % 300)); // the instant of the kill
            claimer.kill();
        }
        ASSERT_TRUE(memory->hint_is_true()) << "in round " << round;
        std::array<std::uint32_t, k_claimers> left_running{};
        std::uint64_t pending = 0;
        for (std::uint64_t index = 0; index < k_works; ++index) {
            const xpar::work_view seen = memory->table().view(index);
            pending += seen.state == work_state::pending;
            if (seen.state == work_state::running) {
                ASSERT_EQ(++left_running[seen.slot], 1U);
                ASSERT_EQ(memory->notes[seen.slot].load(), index + 1);
                ++caught;
            }
        }
        ASSERT_EQ(memory->table().has_pending(), pending != 0);
        std::uint64_t found = 0;
        for (std::uint64_t index = 0; memory->claim(3, index);) {
            ++found;
        }
        ASSERT_EQ(found, pending);
    }
    std::printf("%llu works had been claimed by a process that was killed\n", static_cast<unsigned long long>(caught));
    EXPECT_GT(caught, 0U) << "the kills came before or after all claims";
}

} // namespace
