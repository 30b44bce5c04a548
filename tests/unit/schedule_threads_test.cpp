// Context loops as threads of one process, for the thread sanitizer: what is handed over through works, items and
// reports is plain memory here, so that any order that is not enforced shows.
#include "tests/unit/batches.hpp"

#include <thread>

namespace {

using namespace xpar;
using namespace xpar::test;

class schedule_threads : public batch_test {
protected:
    // Calls `meanwhile` on this thread.
    template <class Function>
    void run_on(std::uint32_t contexts, Function meanwhile) {
        std::vector<std::thread> threads;
        for (std::uint32_t slot = 0; slot < contexts; ++slot) {
            threads.emplace_back([this, slot] {
                permit leave = of().permit_for(slot);
                run_context_loop(of(), slot, leave, runs());
            });
        }
        meanwhile();
        for (std::thread& thread : threads) {
            thread.join();
        }
        runs().group_ends();
        of().group().state.store(group_state::ended);
        read_reports();
        expect_all_final_and_reported();
    }
};

TEST_F(schedule_threads, results_are_there_when_a_work_has_ended) {
    constexpr std::uint64_t k_works = 10'000;
    make(k_works, 3);
    std::vector<std::uint64_t> results(k_works);
    runs().work = [&](std::uint64_t index) {
        results[index] = index + 1;
        return done(index);
    };
    for (std::uint64_t index = 0; index < k_works; index += 10) {
        (void)of().works().watch(index);
    }
    std::uint64_t seen_early = 0;
    run_on(3, [&] {
        for (std::uint64_t index = 0; index < k_works; ++index) {
            if (of().works().view(index).state == work_state::done) {
                EXPECT_EQ(results[index], index + 1);
                EXPECT_EQ(result(index), index);
                ++seen_early;
            }
            read_reports();
        }
    });
    for (std::uint64_t index = 0; index < k_works; ++index) {
        EXPECT_EQ(results[index], index + 1);
    }
    std::printf("%llu results seen while works were running\n", static_cast<unsigned long long>(seen_early));
}

TEST_F(schedule_threads, items_are_handed_over_whole_and_the_loops_end) {
    constexpr std::uint64_t k_works = 200;
    constexpr std::uint64_t k_items = 20; // of each work, to each of two queues in turn
    make(k_works, 3, 2);
    std::vector<std::uint64_t> records(k_works * k_items * 2);
    std::vector<std::uint64_t> consumed(k_works * k_items * 2);
    runs().work = [&](std::uint64_t index) {
        for (std::uint64_t i = 0; i < k_items; ++i) {
            const std::uint64_t number = index * k_items + i;
            records[number] = number;
            push(0, number);
        }
        return done();
    };
    runs().item = [&](std::uint32_t queue, std::uint64_t value) {
        const std::uint64_t number = number_of(value);
        consumed[number] = records[number] + 1;
        if (queue == 0) {
            records[number + k_works * k_items] = number + k_works * k_items;
            push(1, number + k_works * k_items);
        }
        return true;
    };
    std::uint64_t asked = 0;
    run_on(3, [&] {
        while (!of().quiescent()) {
            ++asked;
        }
        // Quiescent: all that was consumed may be read by whoever has seen it.
        for (std::uint64_t number = 0; number < consumed.size(); ++number) {
            ASSERT_EQ(consumed[number], number + 1);
        }
    });
    std::printf("asked %llu times\n", static_cast<unsigned long long>(asked));
}

TEST_F(schedule_threads, works_are_cancelled_while_they_are_claimed) {
    constexpr std::uint64_t k_works = 20'000;
    make(k_works, 2);
    std::vector<int> ran(k_works);
    runs().work = [&](std::uint64_t index) {
        ++ran[index];
        return done();
    };
    run_on(2, [&] {
        for (std::uint64_t turn = 0; of().works().has_pending(); ++turn) {
            const std::uint64_t index = std::min(of().shared().next.load() + turn % 4, k_works - 1);
            if (of().works().cancel_pending(index)) {
                of().report_work_ended(index);
            }
        }
    });
    for (std::uint64_t index = 0; index < k_works; ++index) {
        ASSERT_EQ(ran[index], state(index) == work_state::done ? 1 : 0);
    }
}

} // namespace
