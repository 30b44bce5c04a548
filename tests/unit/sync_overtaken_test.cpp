// Every operation on shared memory is stopped after its first, second, third ... instruction while another process does
// something to the same memory, and then goes on: all interleavings in which one is overtaken once.
#include "runtime/sync/list_table.hpp"
#include "tests/unit/processes.hpp"
#include "tests/unit/stepped.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace {

using xpar::interlocked_list;
using xpar::interlocked_list_shm;
using xpar::k_chunk_bytes;
using xpar::list_table;
using xpar::region;
using xpar::region_offset;
using push_result = interlocked_list::push_result;

constexpr xpar::heap_id k_first = xpar::k_first_batch_heap + 1;
constexpr xpar::heap_id k_second = xpar::k_first_batch_heap + 2;
constexpr std::uint64_t k_inline = interlocked_list_shm::k_inline_slots;

constexpr std::int64_t k_lost_ns = 3'000'000'000; // who sleeps that long has not been woken

constexpr std::uint64_t value_of(std::uint64_t number) {
    return number * 8 + 1;
}

// What the overtaken process reports.
struct answer {
    std::uint64_t value;
    std::uint64_t index;
    bool yes;
    push_result pushed;
};

class overtaken : public testing::Test {
protected:
    void SetUp() override {
        if (!xpar::test::can_trace()) {
            GTEST_SKIP() << "processes cannot be traced here";
        }
    }

    // At every instruction of act(), which runs in a child: everything anew, prepare(), overtake() here, then verify().
    template <class Prepare, class Act, class Overtake, class Verify>
    void at_every_instruction(Prepare prepare, Act act, Overtake overtake, Verify verify) {
        make();
        prepare();
        xpar::test::stepped_child alone(act);
        const int length = alone.step(INT_MAX);
        EXPECT_GT(length, 10) << "hardly any instruction was stepped through";
        ASSERT_EQ(alone.finish(), 0);
        xpar::test::for_each_step(length, [&](int steps) {
            if (HasFailure()) {
                return;
            }
            make();
            prepare();
            xpar::test::stepped_child slow(act);
            slow.step(steps);
            overtake();
            EXPECT_EQ(slow.finish(), 0);
            verify();
            EXPECT_FALSE(HasFailure()) << "overtaken after " << steps << " instructions";
        });
    }

    interlocked_list list() { return m_table->list(m_list); }

    void fill(std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            ASSERT_EQ(list().push(value_of(i)), push_result::pushed);
        }
    }

    std::vector<std::uint64_t> drain() {
        std::vector<std::uint64_t> values;
        for (std::uint64_t value = 0; list().pop(value);) {
            values.push_back(value);
        }
        return values;
    }

    std::size_t chunks() const { return m_memory->usage().chunks - m_chunks_at_start; }

    std::unique_ptr<region> m_memory;
    std::optional<list_table> m_table;
    xpar::heap_id m_list = 0;
    xpar::test::shared<answer> m_theirs;

private:
    void make() {
        ASSERT_TRUE(region::create(64 * k_chunk_bytes, m_memory));
        ASSERT_TRUE(list_table::create(*m_memory, m_table, 4));
        m_chunks_at_start = m_memory->usage().chunks;
        m_list = m_table->allocate(0);
        *m_theirs = {};
    }

    std::size_t m_chunks_at_start = 0;
};

TEST_F(overtaken, allocations_do_not_overlap_and_leave_nothing_behind) {
    region_offset gap = 0;
    region_offset mine = 0;
    at_every_instruction(
        [&] {
            gap = m_memory->allocate(2 * k_chunk_bytes, k_second);
            m_memory->allocate(k_chunk_bytes, k_second);
        },
        [&] { m_theirs->value = m_memory->allocate(5 * k_chunk_bytes, k_first); },
        [&] {
            // The gap is too short for it, so it takes what the other has found but not yet claimed.
            m_memory->free(gap, 2 * k_chunk_bytes);
            mine = m_memory->allocate(3 * k_chunk_bytes, k_second);
        },
        [&] {
            const region_offset theirs = m_theirs->value;
            ASSERT_NE(theirs, 0U);
            ASSERT_NE(mine, 0U);
            EXPECT_TRUE(theirs + 5 * k_chunk_bytes <= mine || mine + 3 * k_chunk_bytes <= theirs);
            EXPECT_EQ(m_memory->allocated_by(k_first), 5 * k_chunk_bytes);
            EXPECT_EQ(chunks(), 5U + 3U + 1U);
        });
}

TEST_F(overtaken, pushes_both_happen) {
    at_every_instruction([&] { fill(3); }, [&] { m_theirs->pushed = list().push(value_of(100), &m_theirs->index); },
                         [&] { EXPECT_EQ(list().push(value_of(200)), push_result::pushed); },
                         [&] {
                             EXPECT_EQ(m_theirs->pushed, push_result::pushed);
                             EXPECT_EQ(list().load(m_theirs->index), value_of(100));
                             EXPECT_EQ(list().load(3) == value_of(200) ? 4U : 3U, m_theirs->index);
                             EXPECT_EQ(list().size(), 5U);
                             EXPECT_EQ(drain().size(), 5U);
                         });
}

// Each knows the tail by itself, and the shared hint stays behind: 15 slots by then, which the push raises it over.
TEST_F(overtaken, pushes_that_know_the_tail_both_happen) {
    constexpr std::uint64_t k_before = 15;
    std::uint64_t known = 0;
    at_every_instruction(
        [&] {
            known = 0;
            for (std::uint64_t i = 0; i < k_before; ++i) {
                ASSERT_EQ(list().push(value_of(i), nullptr, &known), push_result::pushed);
            }
        },
        [&] { m_theirs->pushed = list().push(value_of(100), &m_theirs->index, &known); },
        [&] { EXPECT_EQ(list().push(value_of(200), nullptr, &known), push_result::pushed); },
        [&] {
            EXPECT_EQ(m_theirs->pushed, push_result::pushed);
            EXPECT_EQ(list().load(m_theirs->index), value_of(100));
            EXPECT_EQ(list().load(k_before) == value_of(200) ? k_before + 1 : k_before, m_theirs->index);
            EXPECT_EQ(list().size(), k_before + 2);
            EXPECT_EQ(drain().size(), k_before + 2);
        });
}

TEST_F(overtaken, one_of_two_new_segments_stays) {
    at_every_instruction([&] { fill(k_inline); },
                         [&] { m_theirs->pushed = list().push(value_of(100), &m_theirs->index); },
                         [&] { EXPECT_EQ(list().push(value_of(200)), push_result::pushed); },
                         [&] {
                             EXPECT_EQ(m_theirs->pushed, push_result::pushed);
                             EXPECT_EQ(list().load(m_theirs->index), value_of(100));
                             EXPECT_EQ(list().size(), k_inline + 2);
                             EXPECT_EQ(chunks(), 1U);
                         });
}

TEST_F(overtaken, pops_get_different_values) {
    std::uint64_t mine = 0;
    at_every_instruction([&] { fill(2); }, [&] { m_theirs->yes = list().pop(m_theirs->value); },
                         [&] { EXPECT_TRUE(list().pop(mine)); },
                         [&] {
                             EXPECT_TRUE(m_theirs->yes);
                             EXPECT_NE(m_theirs->value, mine);
                             EXPECT_EQ(m_theirs->value + mine, value_of(0) + value_of(1));
                             EXPECT_EQ(list().size(), 0U);
                             EXPECT_EQ(list().head(), 2U);
                         });
}

TEST_F(overtaken, the_last_value_is_popped_once) {
    bool got = false;
    at_every_instruction([&] { fill(1); }, [&] { m_theirs->yes = list().pop(m_theirs->value); },
                         [&] {
                             std::uint64_t mine = 0;
                             got = list().pop(mine);
                         },
                         [&] { EXPECT_NE(m_theirs->yes, got); });
}

TEST_F(overtaken, a_push_comes_before_a_close_or_is_refused) {
    for (const std::uint64_t before : {std::uint64_t{3}, k_inline}) {
        at_every_instruction([&] { fill(before); }, [&] { m_theirs->pushed = list().push(value_of(100)); },
                             [&] { list().close(); },
                             [&] {
                                 EXPECT_TRUE(list().closed());
                                 EXPECT_NE(m_theirs->pushed, push_result::region_full);
                                 EXPECT_EQ(list().size(), before + (m_theirs->pushed == push_result::pushed));
                             });
    }
}

TEST_F(overtaken, a_close_comes_after_the_push_that_overtakes_it_or_refuses_it) {
    for (const std::uint64_t before : {std::uint64_t{3}, k_inline}) {
        push_result mine{};
        at_every_instruction([&] { fill(before); }, [&] { list().close(); }, [&] { mine = list().push(value_of(200)); },
                             [&] {
                                 EXPECT_TRUE(list().closed());
                                 EXPECT_NE(mine, push_result::region_full);
                                 EXPECT_EQ(list().size(), before + (mine == push_result::pushed));
                                 EXPECT_EQ(list().push(1), push_result::closed);
                             });
    }
}

// The list holds 3, 2, 3, 2, 3 values at the only moments there are; it never holds 1, 4, 0 or 5.
TEST_F(overtaken, a_size_was_true_at_one_moment) {
    at_every_instruction([&] { fill(3); }, [&] { m_theirs->value = list().size(); },
                         [&] {
                             std::uint64_t value = 0;
                             for (std::uint64_t i = 3; i < 5; ++i) {
                                 EXPECT_TRUE(list().pop(value));
                                 EXPECT_EQ(list().push(value_of(i)), push_result::pushed);
                             }
                         },
                         [&] {
                             EXPECT_GE(m_theirs->value, 2U);
                             EXPECT_LE(m_theirs->value, 3U);
                         });
}

// The other order, a wait that a push overtakes, is base_event_overtaken_test's.
TEST_F(overtaken, a_push_wakes_who_has_begun_to_wait_meanwhile) {
    for (const std::uint64_t before : {std::uint64_t{3}, k_inline}) {
        std::optional<xpar::test::child> waiter;
        at_every_instruction([&] { fill(before); }, [&] { list().push(value_of(100)); },
                             [&] {
                                 waiter.emplace([&] { return list().wait_beyond(before, k_lost_ns) ? 0 : 1; });
                                 ASSERT_TRUE(xpar::test::wait_until([&] {
                                     const char state = xpar::test::process_state(waiter->pid());
                                     return state == 'S' || state == 'Z';
                                 }));
                             },
                             [&] { EXPECT_EQ(waiter->wait(), 0); });
    }
}

TEST_F(overtaken, lists_get_different_numbers) {
    xpar::heap_id mine = 0;
    at_every_instruction([] {}, [&] { m_theirs->value = m_table->allocate(k_first); },
                         [&] { mine = m_table->allocate(k_second); },
                         [&] {
                             EXPECT_NE(m_theirs->value, mine);
                             EXPECT_EQ(m_table->live(), 3U);
                             EXPECT_TRUE(m_table->drop_creator(static_cast<xpar::heap_id>(m_theirs->value), k_first));
                             EXPECT_TRUE(m_table->drop_creator(mine, k_second));
                         });
}

TEST_F(overtaken, one_of_two_releases_is_the_last) {
    bool last = false;
    at_every_instruction([&] { fill(100), m_table->retain(m_list); }, [&] { m_theirs->yes = m_table->release(m_list); },
                         [&] { last = m_table->release(m_list); },
                         [&] {
                             EXPECT_NE(m_theirs->yes, last);
                             EXPECT_EQ(m_table->live(), 0U);
                             EXPECT_EQ(chunks(), 0U);
                         });
}

} // namespace
