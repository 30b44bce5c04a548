// Processes push to, pop from and wait at one list, and some of them are killed at random instants, 200 times over.
// What single processes leave behind at every instruction is sync_killed_anywhere_test; this is about all of them at
// once.
#include "runtime/sync/list_table.hpp"
#include "tests/unit/forked.hpp"
#include "tests/unit/seed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace {

using xpar::interlocked_list;
using xpar::list_table;
using xpar::region;
using xpar::test::child;
using push_result = interlocked_list::push_result;

constexpr int k_rounds = 200;
constexpr std::size_t k_pushers = 3;
constexpr std::size_t k_poppers = 2;
constexpr std::uint64_t k_most_values = 200'000; // of one pusher

constexpr std::uint64_t value_of(std::uint64_t pusher, std::uint64_t number) {
    return pusher << 40 | number << 3 | 1;
}
constexpr std::uint64_t pusher_of(std::uint64_t value) {
    return value >> 40;
}
constexpr std::uint64_t number_of(std::uint64_t value) {
    return value >> 3 & 0xffff'ffff;
}

struct ledger {
    std::array<std::atomic<std::uint64_t>, k_pushers> pushed; // pushes that returned
    // What a popper got, in its order; noted after the pop, so that one value may be missing when it is killed.
    std::array<std::atomic<std::uint64_t>, k_poppers> popped;
    std::array<std::array<std::uint64_t, k_pushers * k_most_values>, k_poppers> values;
};

int push_on(interlocked_list list, ledger& notes, std::size_t self) {
    std::uint64_t known_tail = 0; // pushes of an xlist have it; those of the test's own process do not
    for (std::uint64_t number = 0; number < k_most_values; ++number) {
        const push_result result = list.push(value_of(self, number), nullptr, &known_tail);
        if (result != push_result::pushed) {
            return result == push_result::closed ? 0 : 1;
        }
        notes.pushed[self].store(number + 1, std::memory_order_release);
    }
    return 0;
}

int pop_until_closed(interlocked_list list, ledger& notes, std::size_t self) {
    std::uint64_t count = 0;
    for (;;) {
        std::uint64_t value = 0;
        if (list.pop(value)) {
            notes.values[self][count] = value;
            notes.popped[self].store(++count, std::memory_order_release);
        } else if (list.closed()) {
            if (list.size() == 0) {
                return 0;
            }
        } else {
            list.wait_beyond(list.head(), -1);
        }
    }
}

// Numbers of each pusher must come in rising order; `seen` counts how often each came.
struct account {
    std::array<std::vector<std::uint8_t>, k_pushers> seen;

    void add(const std::uint64_t* values, std::uint64_t count) {
        std::array<std::int64_t, k_pushers> last;
        last.fill(-1);
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t pusher = pusher_of(values[i]);
            ASSERT_LT(pusher, k_pushers);
            const auto number = static_cast<std::int64_t>(number_of(values[i]));
            ASSERT_GT(number, last[pusher]) << "overtaken";
            last[pusher] = number;
            auto& times = seen[pusher];
            times.resize(std::max(times.size(), static_cast<std::size_t>(number) + 1));
            ++times[static_cast<std::size_t>(number)];
        }
    }
};

class killed_at_random : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(region::create(std::size_t{256} << 20, m_memory));
        ASSERT_TRUE(list_table::create(*m_memory, m_table, 16));
    }

    // Kills all pushers and every other time a popper, and checks that nothing is lost or doubled.
    void round(std::mt19937_64& random) {
        const xpar::heap_id id = m_table->allocate(0);
        ASSERT_NE(id, 0U);
        interlocked_list list = m_table->list(id);
        const xpar::test::shared<ledger> notes;

        child waiter([&] {
            std::uint64_t seen = 0;
            while (!list.closed()) {
                list.wait_beyond(seen, -1);
                seen = list.tail();
            }
            return 0;
        });
        std::vector<child> pushers;
        std::vector<child> poppers;
        for (std::size_t i = 0; i < k_poppers; ++i) {
            poppers.emplace_back([&, i] { return pop_until_closed(list, *notes, i); });
        }
        for (std::size_t i = 0; i < k_pushers; ++i) {
            pushers.emplace_back([&, i] { return push_on(list, *notes, i); });
        }
        const bool popper_dies = random() % 2 == 0;
        usleep(static_cast<useconds_t>(random() % 3000)); // the instant of the first kill
        if (popper_dies) {
            poppers.back().kill();
        }
        for (child& pusher : pushers) {
            usleep(static_cast<useconds_t>(random() % 200));
            pusher.kill();
        }
        // What who cleans up after the dead does: one of them may have died before its signal.
        list.wake_all();
        list.close();
        // Nobody hangs; where somebody did, ctest's time limit would say so.
        ASSERT_EQ(waiter.wait(), 0);
        ASSERT_EQ(poppers.front().wait(), 0);
        if (!popper_dies) {
            ASSERT_EQ(poppers.back().wait(), 0);
        }
        ASSERT_EQ(list.size(), 0U);

        account all;
        for (std::size_t i = 0; i < k_poppers; ++i) {
            all.add(notes->values[i].data(), notes->popped[i].load());
        }
        std::uint64_t missing = 0;
        for (std::size_t i = 0; i < k_pushers; ++i) {
            const std::uint64_t returned = notes->pushed[i].load();
            m_pushed += returned;
            // At most the push that was cut off may be there too.
            ASSERT_LE(all.seen[i].size(), returned + 1);
            all.seen[i].resize(std::max<std::size_t>(all.seen[i].size(), returned));
            for (std::uint64_t number = 0; number < all.seen[i].size(); ++number) {
                ASSERT_LE(all.seen[i][number], 1) << "popped twice";
                missing += number < returned && all.seen[i][number] == 0;
            }
        }
        // A popper that dies may take one value with it.
        ASSERT_LE(missing, popper_dies ? 1U : 0U);
        ASSERT_TRUE(m_table->release(id));
    }

    std::unique_ptr<region> m_memory;
    std::optional<list_table> m_table;
    std::uint64_t m_pushed = 0;
};

TEST_F(killed_at_random, nothing_is_lost_or_doubled_and_nobody_hangs) {
    auto random = xpar::test::seeded_random();
    const std::size_t chunks = m_memory->usage().chunks;
    for (int number = 0; number < k_rounds; ++number) {
        round(random);
        ASSERT_FALSE(HasFatalFailure()) << "in round " << number;
        ASSERT_EQ(m_memory->usage().chunks, chunks) << "after round " << number;
    }
    EXPECT_GT(m_pushed, 10U * k_rounds) << "the kills came before there was anything to lose";
    RecordProperty("pushed", static_cast<int>(m_pushed));
    std::printf("%llu values in %d rounds\n", static_cast<unsigned long long>(m_pushed), k_rounds);
}

} // namespace
