#include "runtime/sync/permits.hpp"

#include "tests/unit/forked.hpp"
#include "tests/unit/processes.hpp"
#include "tests/unit/seed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace {

using namespace xpar;
using namespace xpar::test;

constexpr std::uint64_t owner_of(std::uint32_t group, std::uint32_t member) noexcept {
    return std::uint64_t{group} << 32 | member;
}

struct arena {
    permits_shm permits;
    std::atomic<int> inside;
    std::atomic<int> most;
    std::atomic<std::uint32_t> turns[16];
    std::atomic<std::uint32_t> flags[4];

    void enter() {
        const int now = inside.fetch_add(1) + 1;
        int seen = most.load();
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
    }
    void leave() { inside.fetch_sub(1); }
};

bool never() noexcept {
    return false;
}

TEST(permits, there_are_as_many_as_the_limit_says) {
    shared<arena> memory;
    permit first(&memory->permits, owner_of(1, 1));
    permit second(&memory->permits, owner_of(1, 2));
    EXPECT_FALSE(first.acquire([] { return true; })) << "there is none";
    set_limit(memory->permits, 1);
    EXPECT_TRUE(first.acquire(never));
    EXPECT_TRUE(first.is_held());
    EXPECT_FALSE(second.acquire([] { return true; }));
    first.release();
    EXPECT_TRUE(second.acquire(never));
    EXPECT_FALSE(first.acquire([] { return true; }));
    set_limit(memory->permits, 2);
    EXPECT_TRUE(first.acquire(never));
}

TEST(permits, without_any_limit_everybody_may_go_on) {
    permit free;
    EXPECT_TRUE(free.acquire([] { return true; }));
    EXPECT_FALSE(free.yield_if_due());
    free.release();
}

TEST(permits, never_more_than_the_limit_are_inside) {
    shared<arena> memory;
    set_limit(memory->permits, 3);
    std::vector<child> children;
    for (std::uint32_t member = 1; member <= 8; ++member) {
        children.emplace_back([&, member] {
            permit mine(&memory->permits, owner_of(1, member));
            for (int turn = 0; turn < scaled(2000); ++turn) {
                if (!mine.acquire(never)) {
                    return 1;
                }
                memory->enter();
                memory->leave();
                mine.release();
            }
            return 0;
        });
    }
    for (child& one : children) {
        EXPECT_EQ(one.wait(), 0);
    }
    EXPECT_LE(memory->most.load(), 3);
    EXPECT_GE(memory->most.load(), 1);
}

TEST(permits, who_has_had_one_for_long_hands_it_to_who_waits) {
    shared<arena> memory;
    set_limit(memory->permits, 2);
    std::vector<child> children;
    const std::uint64_t end = monotonic_ns() + 2'000'000'000;
    for (std::uint32_t member = 1; member <= 8; ++member) {
        children.emplace_back([&, member] {
            permit mine(&memory->permits, owner_of(1, member));
            while (monotonic_ns() < end) {
                if (!mine.acquire(never)) {
                    return 1;
                }
                memory->enter();
                usleep(1000); // a work
                memory->leave();
                memory->turns[member].fetch_add(1);
                (void)mine.yield_if_due();
            }
            mine.release();
            return 0;
        });
    }
    for (child& one : children) {
        EXPECT_EQ(one.wait(), 0);
    }
    EXPECT_LE(memory->most.load(), 2);
    std::uint32_t fewest = ~0U;
    std::uint32_t most = 0;
    for (std::uint32_t member = 1; member <= 8; ++member) {
        fewest = std::min(fewest, memory->turns[member].load());
        most = std::max(most, memory->turns[member].load());
    }
    EXPECT_GE(fewest * 4, most) << "each had about as many turns as the others";
}

TEST(permits, a_lower_limit_holds_at_the_next_turn) {
    shared<arena> memory;
    set_limit(memory->permits, 2);
    permit first(&memory->permits, owner_of(1, 1));
    permit second(&memory->permits, owner_of(1, 2));
    ASSERT_TRUE(first.acquire(never));
    ASSERT_TRUE(second.acquire(never));
    set_limit(memory->permits, 1);
    EXPECT_FALSE(first.yield_if_due());
    EXPECT_TRUE(second.yield_if_due());
    EXPECT_FALSE(second.acquire([] { return true; }));
}

TEST(permits, the_dead_give_theirs_back) {
    shared<arena> memory;
    set_limit(memory->permits, 2);
    permit one(&memory->permits, owner_of(7, 1));
    permit two(&memory->permits, owner_of(7, 2));
    ASSERT_TRUE(one.acquire(never));
    ASSERT_TRUE(two.acquire(never));
    reclaim_permit(memory->permits, owner_of(7, 1));
    permit other(&memory->permits, owner_of(8, 1));
    EXPECT_TRUE(other.acquire(never));
    reclaim_permits(memory->permits, 7);
    permit another(&memory->permits, owner_of(9, 1));
    EXPECT_TRUE(another.acquire(never));
    EXPECT_TRUE(other.is_held());
}

// Killed at random instants while they acquire, hold, hand on and sleep; who reaps one takes back what it had, as a
// zygote does before the next process is in the slot.
TEST(permits, none_is_lost_with_who_is_killed) {
    std::mt19937_64 random = seeded_random();
    shared<arena> memory;
    set_limit(memory->permits, 2);
    constexpr std::uint32_t k_slots = 4;
    const auto works = [&](std::uint32_t slot) {
        permit mine(&memory->permits, owner_of(1, slot + 1));
        for (;;) {
            if (!mine.acquire(never)) {
                return 1;
            }
            memory->turns[slot].fetch_add(1);
            if (!mine.yield_if_due()) {
                mine.release();
            }
        }
    };
    std::vector<child> children;
    for (std::uint32_t slot = 0; slot < k_slots; ++slot) {
        children.emplace_back([&, slot] { return works(slot); });
    }
    for (int kills = 0; kills < scaled(1000); ++kills) {
        usleep(static_cast<useconds_t>(random() % 500));
        const auto slot = static_cast<std::uint32_t>(random() % k_slots);
        children[slot].kill();
        reclaim_permit(memory->permits, owner_of(1, slot + 1));
        std::destroy_at(&children[slot]);
        std::construct_at(&children[slot], [&, slot] { return works(slot); });
    }
    for (std::uint32_t slot = 0; slot < k_slots; ++slot) {
        const std::uint32_t before = memory->turns[slot].load();
        EXPECT_TRUE(wait_until([&] { return memory->turns[slot].load() > before + 10; }))
            << "slot " << slot << " is stuck";
    }
    children.clear(); // kills them
    reclaim_permits(memory->permits, 1);
    permit first(&memory->permits, owner_of(2, 1));
    permit second(&memory->permits, owner_of(2, 2));
    EXPECT_TRUE(first.acquire([] { return true; }));
    EXPECT_TRUE(second.acquire([] { return true; }));
}

} // namespace
