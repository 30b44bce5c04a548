// Threads in place of processes, so that the thread sanitizer sees both sides of every hand-over.
#include "runtime/sync/list_table.hpp"
#include "tests/unit/seed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

namespace {

using xpar::heap_cursor;
using xpar::interlocked_list;
using xpar::list_table;
using xpar::region;
using push_result = interlocked_list::push_result;

struct record {
    std::uint64_t pusher;
    std::uint64_t number;
    std::uint64_t check; // plain data: a reader that is not ordered after the writer is a race
};

class list_threads : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(region::create(std::size_t{512} << 20, m_memory));
        ASSERT_TRUE(list_table::create(*m_memory, m_table, 16));
        m_id = m_table->allocate(0);
    }

    interlocked_list list() { return m_table->list(m_id); }

    std::uint64_t write_record(heap_cursor& cursor, std::uint64_t pusher, std::uint64_t number) {
        const xpar::region_offset place = cursor.allocate(sizeof(record));
        *m_memory->as<record>(place) = {pusher, number, pusher * 1'000'003 + number};
        return place;
    }

    bool intact(std::uint64_t value) {
        const record& seen = *m_memory->as<record>(value);
        return seen.check == seen.pusher * 1'000'003 + seen.number;
    }

    std::unique_ptr<region> m_memory;
    std::optional<list_table> m_table;
    xpar::heap_id m_id = 0;
};

TEST_F(list_threads, every_value_is_popped_once_in_its_pushers_order) {
    constexpr std::uint64_t k_pushers = 4;
    constexpr std::size_t k_poppers = 3;
    constexpr std::uint64_t k_each = 40'000;
    std::array<std::vector<std::uint64_t>, k_poppers> taken;
    std::vector<std::thread> threads;
    for (std::uint64_t pusher = 0; pusher < k_pushers; ++pusher) {
        threads.emplace_back([&, pusher] {
            heap_cursor cursor(*m_memory, m_id, m_table->at(m_id).heap);
            std::uint64_t known_tail = 0;
            std::uint64_t* const known = pusher % 2 == 0 ? &known_tail : nullptr;
            for (std::uint64_t number = 0; number < k_each; ++number) {
                ASSERT_EQ(list().push(write_record(cursor, pusher, number), nullptr, known), push_result::pushed);
            }
        });
    }
    for (auto& mine : taken) {
        threads.emplace_back([&] {
            for (;;) {
                std::uint64_t value = 0;
                if (list().pop(value)) {
                    ASSERT_TRUE(intact(value));
                    mine.push_back(value);
                } else if (list().closed()) {
                    break;
                } else {
                    list().wait_beyond(list().head(), -1);
                }
            }
        });
    }
    for (std::size_t i = 0; i < k_pushers; ++i) {
        threads[i].join();
    }
    list().close();
    for (std::size_t i = k_pushers; i < threads.size(); ++i) {
        threads[i].join();
    }
    std::array<std::vector<int>, k_pushers> times;
    times.fill(std::vector<int>(k_each));
    for (const auto& mine : taken) {
        std::array<std::uint64_t, k_pushers> next{};
        for (const std::uint64_t value : mine) {
            const record& seen = *m_memory->as<record>(value);
            ASSERT_GE(seen.number, next[seen.pusher]) << "overtaken";
            next[seen.pusher] = seen.number + 1;
            ++times[seen.pusher][seen.number];
        }
    }
    for (const auto& of_pusher : times) {
        EXPECT_TRUE(std::all_of(of_pusher.begin(), of_pusher.end(), [](int count) { return count == 1; }));
    }
}

TEST_F(list_threads, readers_see_whole_records_and_possible_sizes) {
    constexpr std::uint64_t k_each = 30'000;
    std::atomic<bool> done{false};
    std::vector<std::thread> threads;
    for (std::uint64_t pusher = 0; pusher < 2; ++pusher) {
        threads.emplace_back([&, pusher] {
            heap_cursor cursor(*m_memory, m_id, m_table->at(m_id).heap);
            for (std::uint64_t number = 0; number < k_each; ++number) {
                list().push(write_record(cursor, pusher, number));
            }
        });
    }
    std::atomic<bool> is_looking{false};
    std::thread reader([&] {
        std::uint64_t last_tail = 0;
        while (!done.load()) {
            is_looking.store(true);
            const std::uint64_t tail = list().tail();
            ASSERT_GE(tail, last_tail);
            last_tail = tail;
            for (std::uint64_t at = tail - std::min<std::uint64_t>(tail, 50); at < tail; ++at) {
                const std::uint64_t value = list().load(at);
                ASSERT_TRUE(value == xpar::k_taken || (xpar::is_list_value(value) && intact(value)));
            }
        }
    });
    while (!is_looking.load()) { // else all may be over before it begins
        std::this_thread::yield();
    }
    // One thread both pops and asks: what it has popped bounds what the size can be.
    std::uint64_t popped = 0;
    for (std::uint64_t value = 0; popped < 2 * k_each;) {
        const std::uint64_t size = list().size();
        ASSERT_LE(size, 2 * k_each - popped);
        const bool got = list().pop(value);
        ASSERT_TRUE(got || size == 0) << "there was something, and only this thread takes";
        popped += got;
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    done.store(true);
    reader.join();
    EXPECT_EQ(list().head(), 2 * k_each);
}

// Closing has one place in the order: who is refused finds it closed, and every accepted value is there.
TEST_F(list_threads, close_comes_between_two_pushes) {
    auto random = xpar::test::seeded_random();
    for (int round = 0; round < 300; ++round) {
        const xpar::heap_id id = m_table->allocate(0);
        interlocked_list contested = m_table->list(id);
        const std::uint64_t close_at = random() % 200;
        std::array<std::uint64_t, 3> accepted{};
        std::vector<std::thread> threads;
        for (std::uint64_t& mine : accepted) {
            threads.emplace_back([&] {
                while (contested.push(1) == push_result::pushed) {
                    ++mine;
                }
                ASSERT_TRUE(contested.closed());
            });
        }
        std::uint64_t seen = 0;
        while ((seen = contested.tail()) < close_at) {
        }
        contested.close();
        const std::uint64_t end = contested.tail();
        for (std::thread& thread : threads) {
            thread.join();
        }
        ASSERT_GE(end, seen);
        ASSERT_EQ(contested.tail(), end) << "something was pushed behind the end";
        ASSERT_EQ(accepted[0] + accepted[1] + accepted[2], end);
        m_table->release(id);
    }
}

TEST_F(list_threads, lists_come_and_go) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 500; ++round) {
                const xpar::heap_id id = m_table->allocate(0);
                ASSERT_NE(id, 0U);
                heap_cursor cursor(*m_memory, id, m_table->at(id).heap);
                for (std::uint64_t number = 0; number < 50; ++number) {
                    ASSERT_EQ(m_table->list(id).push(write_record(cursor, id, number)), push_result::pushed);
                }
                ASSERT_EQ(m_table->list(id).size(), 50U);
                ASSERT_TRUE(m_table->release(id));
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(m_table->live(), 1U);
}

} // namespace
