// Works and the main process push to queues, contexts consume their items, and the batch ends by itself when nothing is
// left that could push.
#include "tests/unit/batches.hpp"

namespace {

using namespace xpar;
using namespace xpar::test;

class schedule_queue : public batch_test {
protected:
    // Items are counted by their numbers, which are unique in a test.
    void count_items() {
        runs().item = [this](std::uint32_t, std::uint64_t value) {
            notes().items[number_of(value)].fetch_add(1);
            return true;
        };
    }

    void expect_items_once(std::uint64_t beyond) {
        for (std::uint64_t number = 0; number < beyond; ++number) {
            ASSERT_EQ(notes().items[number].load(), 1U) << number;
        }
    }

    // Every queue is empty and its work done; `consumed` in all.
    void expect_drained(std::uint64_t consumed) {
        std::uint64_t sum = 0;
        for (std::uint32_t number = 0; number < of().shared().queue_count; ++number) {
            EXPECT_EQ(of().queue(number).size(), 0U);
            EXPECT_EQ(state(of().shared().queues[number].work), work_state::done);
            EXPECT_GE(place_of_end(of().shared().queues[number].work), 0) << "the end of a queue's work is news";
            sum += of().shared().queues[number].consumed.load();
        }
        EXPECT_EQ(sum, consumed);
        EXPECT_EQ(reports_of(record_kind::item_crashed), 0U);
    }
};

TEST_F(schedule_queue, what_works_push_is_consumed_once_and_the_batch_ends) {
    for (const std::uint32_t contexts : {1U, 2U, 3U}) {
        make(50, contexts, 1);
        count_items();
        runs().work = [this](std::uint64_t index) {
            for (std::uint64_t i = 0; i < 20; ++i) {
                push(0, index * 20 + i);
            }
            return done();
        };
        start();
        expect_end();
        expect_items_once(1000);
        expect_drained(1000);
        destroy();
    }
}

TEST_F(schedule_queue, what_was_there_before_is_consumed_without_any_work) {
    make(0, 2, 2);
    count_items();
    for (std::uint64_t number = 0; number < 100; ++number) {
        push(number % 2, number);
    }
    start();
    expect_end();
    expect_items_once(100);
    expect_drained(100);
}

TEST_F(schedule_queue, an_empty_one_that_nobody_pushes_to_ends_at_once) {
    for (const std::uint32_t queues : {1U, 3U}) {
        make(0, 2, queues);
        start();
        expect_end();
        expect_drained(0);
        destroy();
    }
}

TEST_F(schedule_queue, a_closed_one_is_emptied) {
    make(1, 2, 1);
    count_items();
    for (std::uint64_t number = 0; number < 50; ++number) {
        push(0, number);
    }
    of().queue(0).close();
    start();
    expect_end();
    expect_items_once(50);
    expect_drained(50);
}

TEST_F(schedule_queue, a_consumer_of_one_pushes_to_the_next) {
    constexpr std::uint32_t k_queues = 4;
    for (const std::uint32_t contexts : {1U, 2U, 3U}) {
        make(10, contexts, k_queues);
        runs().work = [this](std::uint64_t index) {
            for (std::uint64_t i = 0; i < 10; ++i) {
                push(0, index * 10 + i);
            }
            return done();
        };
        runs().item = [this](std::uint32_t queue, std::uint64_t value) {
            notes().items[queue * 100 + number_of(value)].fetch_add(1);
            if (queue + 1 < k_queues) {
                push(queue + 1, number_of(value));
            }
            return true;
        };
        start();
        expect_end();
        expect_items_once(k_queues * 100);
        expect_drained(k_queues * 100);
        destroy();
    }
}

TEST_F(schedule_queue, a_consumer_pushes_to_its_own_a_bounded_number_of_times) {
    for (const std::uint32_t contexts : {1U, 3U}) {
        make(1, contexts, 1);
        runs().work = [this](std::uint64_t) {
            push(0, 1);
            return done();
        };
        runs().item = [this](std::uint32_t, std::uint64_t value) { // a tree with 1,023 nodes
            const std::uint64_t node = number_of(value);
            notes().items[node - 1].fetch_add(1);
            if (node < 512) {
                push(0, 2 * node);
                push(0, 2 * node + 1);
            }
            return true;
        };
        start();
        expect_end();
        expect_items_once(1023);
        expect_drained(1023);
        destroy();
    }
}

TEST_F(schedule_queue, contexts_wait_for_a_slow_producer_without_using_a_processor) {
    make(1, 3, 1);
    count_items();
    runs().work = [this](std::uint64_t) {
        for (std::uint64_t number = 0; number < 20; ++number) {
            usleep(10'000);
            push(0, number);
        }
        return done();
    };
    start();
    expect_end();
    expect_items_once(20);
    expect_drained(20);
    std::uint64_t turns = 0;
    for (std::uint32_t slot = 0; slot < 3; ++slot) {
        turns += of().context(slot).turns.load() / 2;
    }
    EXPECT_LT(turns, 1000U) << "21 are needed; each push may wake two in vain";
}

// Whoever finds that nothing is left must not leave the others asleep. A wake-up that does not come is made up for
// after 100 ms.
TEST_F(schedule_queue, ends_soon_after_the_last_item) {
    std::vector<std::uint64_t> took;
    for (int round = 0; round < scaled(100); ++round) {
        make(2, 3, 2);
        runs().work = [this](std::uint64_t index) {
            push(0, index);
            return done();
        };
        runs().item = [this, round](std::uint32_t queue, std::uint64_t value) {
            usleep(static_cast<useconds_t>(round % 10) * 100); // more or less of the others are asleep by then
            if (queue == 0) {
                push(1, number_of(value));
            }
            notes().flags[0].fetch_add(1);
            return true;
        };
        start();
        ASSERT_TRUE(wait_until([&] { return notes().flags[0].load() == 4; }));
        const std::uint64_t before = monotonic_ns();
        expect_end();
        took.push_back(monotonic_ns() - before);
        destroy();
    }
    std::sort(took.begin(), took.end());
    const std::uint64_t median = took[took.size() / 2];
    std::printf("%llu us in the middle, %llu at most\n", static_cast<unsigned long long>(median / 1000),
                static_cast<unsigned long long>(took.back() / 1000));
    EXPECT_LT(median, 50'000'000U);
}

TEST_F(schedule_queue, more_than_can_be_waited_for_at_once_are_served) {
    constexpr std::uint32_t k_queues = 40;
    make(1, 2, k_queues);
    count_items();
    runs().work = [this](std::uint64_t) {
        for (std::uint32_t number = 0; number < k_queues; ++number) {
            usleep(1000);
            push(k_queues - 1 - number, number);
        }
        return done();
    };
    start();
    expect_end();
    expect_items_once(k_queues);
    expect_drained(k_queues);
}

TEST_F(schedule_queue, a_busy_one_does_not_starve_the_others) {
    make(0, 1, 2);
    runs().item = [this](std::uint32_t queue, std::uint64_t value) {
        if (queue == 0 && number_of(value) < 1000) {
            push(0, number_of(value) + 1); // never empty before that
            notes().flags[0].fetch_add(1);
        }
        if (queue == 1) {
            notes().flags[1].store(notes().flags[0].load());
        }
        return true;
    };
    push(0, 0);
    for (std::uint64_t number = 0; number < 10; ++number) {
        push(1, number);
    }
    start();
    expect_end();
    EXPECT_LE(notes().flags[1].load(), 20U);
}

TEST_F(schedule_queue, a_consumer_that_fails_consumes_its_item) {
    make(0, 2, 1);
    runs().item = [this](std::uint32_t, std::uint64_t value) {
        notes().items[number_of(value)].fetch_add(1);
        return number_of(value) % 2 == 0;
    };
    for (std::uint64_t number = 0; number < 100; ++number) {
        push(0, number);
    }
    start();
    expect_end();
    expect_items_once(100);
    expect_drained(50);
}

TEST_F(schedule_queue, what_the_main_process_pushes_meanwhile_is_consumed) {
    make(1, 2, 1);
    count_items();
    runs().work = [this](std::uint64_t) {
        (void)wait_until([&] { return notes().flags[0].load() != 0; });
        return done();
    };
    start();
    for (std::uint64_t number = 0; number < 200; ++number) {
        push(0, number);
        usleep(50);
    }
    notes().flags[0].store(1);
    expect_end();
    expect_items_once(200);
    expect_drained(200);
}

// Nobody promises when it ends, only that whatever was pushed is consumed or still there.
TEST_F(schedule_queue, what_is_pushed_while_it_ends_is_consumed_or_stays) {
    for (int round = 0; round < scaled(50); ++round) {
        make(1, 2, 1);
        count_items();
        runs().work = [](std::uint64_t) { return done(); };
        start();
        std::uint64_t pushed = 0;
        while (!of().ended() && pushed < 1000) {
            push(0, pushed++);
            usleep(static_cast<useconds_t>(round));
        }
        expect_end();
        std::uint64_t consumed = 0;
        for (std::uint64_t number = 0; number < pushed; ++number) {
            ASSERT_LE(notes().items[number].load(), 1U);
            consumed += notes().items[number].load();
        }
        ASSERT_EQ(consumed + of().queue(0).size(), pushed) << "in round " << round;
        destroy();
    }
}

TEST_F(schedule_queue, a_close_by_the_main_process_ends_the_wait) {
    make(1, 3, 1);
    count_items();
    runs().work = [this](std::uint64_t) {
        const auto left = [&](std::uint32_t slot) { return of().context(slot).state.load() == context_state::left; };
        // The other two leave although this one is busy: nothing can come from it.
        notes().flags[0].store(wait_until([&] { return left(0) + left(1) + left(2) == 2; }));
        return done();
    };
    start();
    ASSERT_TRUE(wait_until([&] {
        return of().context(0).turns.load() > 0 && of().context(1).turns.load() > 0 && of().context(2).turns.load() > 0;
    }));
    push(0, 0);
    of().queue(0).close();
    expect_end();
    EXPECT_EQ(notes().flags[0].load(), 1U);
    expect_items_once(1);
    expect_drained(1);
}

TEST_F(schedule_queue, a_stop_ends_contexts_that_wait) {
    for (const stop_level level : {stop_level::interrupt, stop_level::kill}) {
        make(1, 3, 1);
        runs().work = [this](std::uint64_t) {
            notes().flags[0].store(1);
            (void)wait_until([&] { return of().stopping(); });
            return done();
        };
        start();
        ASSERT_TRUE(wait_until([&] { return notes().flags[0].load() == 1; }));
        const std::uint64_t before = monotonic_ns();
        stop_group(of().group(), level);
        expect_end();
        EXPECT_LT(monotonic_ns() - before, k_interrupt_grace_ns);
        EXPECT_EQ(state(1), work_state::cancelled) << "the queue's work";
        destroy();
    }
}

} // namespace
