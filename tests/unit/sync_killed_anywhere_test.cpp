// Every operation on shared memory is cut off after its first, second, third ... instruction by SIGKILL, and what the
// process leaves behind must be as if the operation had happened or not. Single steps by ptrace, so no instant is left
// to chance.
#include "runtime/memory/shared_heap.hpp"
#include "runtime/sync/list_table.hpp"
#include "tests/unit/stepped.hpp"

#include <gtest/gtest.h>

#include <climits>
#include <cstring>

namespace {

using xpar::interlocked_list;
using xpar::k_chunk_bytes;
using xpar::list_table;
using xpar::region;
using push_result = interlocked_list::push_result;

constexpr xpar::heap_id k_batch = xpar::k_first_batch_heap + 1;
constexpr std::size_t k_chunks = 64;
constexpr std::uint32_t k_capacity = 4;

// A region with a table and one list, made anew for every cut.
class killed_anywhere : public testing::Test {
protected:
    void SetUp() override {
        if (!xpar::test::can_trace()) {
            GTEST_SKIP() << "processes cannot be traced here";
        }
    }

    // Calls prepare(), has a child run act() up to some instruction, and calls verify(returned); for all instructions.
    template <class Prepare, class Act, class Verify>
    void cut_everywhere(Prepare prepare, Act act, Verify verify) {
        const int length = cut_after(INT_MAX, prepare, act, verify);
        EXPECT_GT(length, 20) << "hardly any instruction was stepped through";
        xpar::test::for_each_step(length, [&](int steps) {
            if (!HasFailure()) {
                cut_after(steps, prepare, act, verify);
            }
        });
    }

    interlocked_list list() { return m_table->list(m_list); }
    xpar::shared_heap_shm& heap() { return m_table->at(m_list).heap; }

    void fill(std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            ASSERT_EQ(list().push(i * 8 + 1), push_result::pushed);
        }
    }

    // The numbers `from`, `from` + 1 ... are what the list holds.
    void expect_holds(std::uint64_t from, std::uint64_t beyond) {
        EXPECT_EQ(list().size(), beyond - from);
        std::uint64_t value = 0;
        for (; from < beyond && list().pop(value); ++from) {
            EXPECT_EQ(value, from * 8 + 1);
        }
        EXPECT_EQ(from, beyond);
        EXPECT_FALSE(list().pop(value));
    }

    // Nothing but the table owns anything, and all lists can be had again, empty.
    void expect_all_given_back() {
        EXPECT_EQ(m_table->live(), 0U);
        EXPECT_EQ(m_memory->usage().chunks, m_chunks_at_start);
        for (std::uint32_t i = 0; i < k_capacity; ++i) {
            const xpar::heap_id id = m_table->allocate(0);
            ASSERT_NE(id, 0U);
            EXPECT_EQ(m_table->references(id), 1U);
            EXPECT_EQ(m_table->list(id).size(), 0U);
            EXPECT_FALSE(m_table->list(id).closed());
            EXPECT_EQ(m_table->at(id).heap.allocated_bytes.load(), 0U);
        }
        // Every chunk that should be free is, and zero.
        const std::size_t left = (k_chunks - m_chunks_at_start) * k_chunk_bytes;
        const xpar::region_offset all = m_memory->allocate(left, k_batch);
        ASSERT_NE(all, 0U);
        const char* const bytes = m_memory->as<char>(all);
        EXPECT_TRUE(bytes[0] == 0 && std::memcmp(bytes, bytes + 1, left - 1) == 0);
    }

    void release_list_and_expect_all_given_back() {
        EXPECT_TRUE(m_table->release(m_list));
        expect_all_given_back();
    }

    std::unique_ptr<region> m_memory;
    std::optional<list_table> m_table;
    xpar::heap_id m_list = 0;

private:
    // The number of instructions that were run.
    template <class Prepare, class Act, class Verify>
    int cut_after(int steps, Prepare& prepare, Act& act, Verify& verify) {
        make();
        prepare();
        xpar::test::stepped_child victim(act);
        const int done = victim.step(steps);
        victim.kill();
        verify(victim.returned());
        EXPECT_FALSE(HasFailure()) << "after " << steps << " instructions";
        return done;
    }

    void make() {
        ASSERT_TRUE(region::create(k_chunks * k_chunk_bytes, m_memory));
        ASSERT_TRUE(list_table::create(*m_memory, m_table, k_capacity));
        m_chunks_at_start = m_memory->usage().chunks;
        m_list = m_table->allocate(0);
    }

    std::size_t m_chunks_at_start = 0;
};

TEST_F(killed_anywhere, push) {
    cut_everywhere([&] { fill(3); }, [&] { (void)list().push(3 * 8 + 1); },
                   [&](bool returned) {
                       const std::uint64_t count = list().size();
                       EXPECT_TRUE(count == 4 || (count == 3 && !returned));
                       EXPECT_EQ(list().push(count * 8 + 1), push_result::pushed);
                       expect_holds(0, count + 1);
                       release_list_and_expect_all_given_back();
                   });
}

TEST_F(killed_anywhere, push_that_adds_a_segment) {
    constexpr std::uint64_t k_before = xpar::interlocked_list_shm::k_inline_slots;
    cut_everywhere([&] { fill(k_before); }, [&] { (void)list().push(k_before * 8 + 1); },
                   [&](bool returned) {
                       const std::uint64_t count = list().size();
                       EXPECT_TRUE(count == k_before + 1 || (count == k_before && !returned));
                       EXPECT_EQ(list().push(count * 8 + 1), push_result::pushed);
                       expect_holds(0, count + 1);
                       release_list_and_expect_all_given_back();
                   });
}

TEST_F(killed_anywhere, pop) {
    cut_everywhere([&] { fill(3); },
                   [&] {
                       std::uint64_t value = 0;
                       (void)list().pop(value);
                   },
                   [&](bool returned) {
                       const std::uint64_t count = list().size();
                       EXPECT_TRUE(count == 2 || (count == 3 && !returned));
                       EXPECT_EQ(list().push(3 * 8 + 1), push_result::pushed);
                       expect_holds(3 - count, 4);
                       release_list_and_expect_all_given_back();
                   });
}

TEST_F(killed_anywhere, close) {
    cut_everywhere([&] { fill(3); }, [&] { list().close(); },
                   [&](bool returned) {
                       const bool closed = list().closed();
                       EXPECT_TRUE(closed || !returned);
                       EXPECT_EQ(list().push(3 * 8 + 1), closed ? push_result::closed : push_result::pushed);
                       list().close();
                       EXPECT_EQ(list().push(1), push_result::closed);
                       expect_holds(0, closed ? 3 : 4);
                       release_list_and_expect_all_given_back();
                   });
}

TEST_F(killed_anywhere, close_where_a_segment_would_begin) {
    constexpr std::uint64_t k_before = xpar::interlocked_list_shm::k_inline_slots;
    cut_everywhere([&] { fill(k_before); }, [&] { list().close(); },
                   [&](bool returned) {
                       EXPECT_TRUE(list().closed() || !returned);
                       list().close();
                       EXPECT_EQ(list().push(1), push_result::closed);
                       expect_holds(0, k_before);
                       release_list_and_expect_all_given_back();
                   });
}

TEST_F(killed_anywhere, region_allocate) {
    cut_everywhere([] {}, [&] { (void)m_memory->allocate(5 * k_chunk_bytes, k_batch); },
                   [&](bool returned) {
                       const std::size_t swept = m_memory->release(k_batch);
                       EXPECT_LE(swept, 5 * k_chunk_bytes);
                       EXPECT_TRUE(swept == 5 * k_chunk_bytes || !returned);
                       release_list_and_expect_all_given_back();
                   });
}

TEST_F(killed_anywhere, region_free) {
    constexpr std::size_t k_bytes = 3 * k_chunk_bytes;
    xpar::region_offset place = 0;
    cut_everywhere(
        [&] {
            place = m_memory->allocate(k_bytes, k_batch);
            std::memset(m_memory->at(place), 0xab, k_bytes);
        },
        [&] { m_memory->free(place, k_bytes); },
        [&](bool returned) {
            const std::size_t swept = m_memory->release(k_batch);
            EXPECT_TRUE(swept == 0 || !returned);
            release_list_and_expect_all_given_back();
        });
}

TEST_F(killed_anywhere, heap_allocate) {
    cut_everywhere([] {},
                   [&] {
                       xpar::heap_cursor cursor(*m_memory, m_list, heap());
                       *m_memory->as<std::uint64_t>(cursor.allocate(64)) = 1;
                       *m_memory->as<std::uint64_t>(cursor.allocate(2 * k_chunk_bytes)) = 1;
                   },
                   [&](bool) { release_list_and_expect_all_given_back(); });
}

TEST_F(killed_anywhere, table_allocate) {
    cut_everywhere([] {}, [&] { (void)m_table->allocate(k_batch); },
                   [&](bool returned) {
                       std::uint32_t found = 0;
                       for (xpar::heap_id id = 1; id < m_table->high_water(); ++id) {
                           if (m_table->drop_creator(id, k_batch)) {
                               ++found;
                               EXPECT_FALSE(m_table->drop_creator(id, k_batch));
                               EXPECT_TRUE(m_table->release(id));
                           }
                       }
                       EXPECT_TRUE(found == 1 || (found == 0 && !returned));
                       release_list_and_expect_all_given_back();
                   });
}

TEST_F(killed_anywhere, table_release) {
    std::uint32_t generation = 0;
    cut_everywhere(
        [&] {
            fill(100);
            list().close();
            xpar::heap_cursor cursor(*m_memory, m_list, heap());
            *m_memory->as<std::uint64_t>(cursor.allocate(64)) = 1;
            generation = m_table->generation(m_list);
        },
        [&] { m_table->release(m_list); },
        [&](bool returned) {
            if (m_table->references(m_list) == 1) {
                EXPECT_FALSE(returned);
                EXPECT_TRUE(m_table->release(m_list));
            } else {
                const std::uint32_t finished = m_table->sweep();
                EXPECT_TRUE(finished == 0 || !returned);
            }
            EXPECT_EQ(m_table->sweep(), 0U);
            EXPECT_NE(m_table->generation(m_list), generation);
            expect_all_given_back();
        });
}

} // namespace
