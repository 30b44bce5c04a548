// A batch with queues ends when nothing is left and nobody could push any more. Attacked with random graphs of queues
// and random pauses at every place where a context holds what it has taken; schedule_overtaken_test goes by
// instructions.
#include "tests/unit/batches.hpp"
#include "tests/unit/seed.hpp"

namespace {

using namespace xpar;
using namespace xpar::test;

class schedule_quiescence : public batch_test {
protected:
    // A work or an item of `depth` left pushes up to three items of less depth to any queue, and pauses in between.
    // Everything follows from `seed`, which comes with the item.
    void run_node(std::uint64_t seed, std::uint64_t depth) {
        notes().flags[0].fetch_add(1); // begun
        pause_at(seed);
        const std::uint64_t children = depth == 0 ? 0 : seed / 7 % 4;
        for (std::uint64_t child = 0; child < children; ++child) {
            const std::uint64_t its_seed = mix(seed + child + 1);
            notes().pushed.fetch_add(1);
            const auto queue = static_cast<std::uint32_t>(its_seed % of().shared().queue_count);
            (void)of().queue(queue).push(value_of((its_seed & 0xffff'ffff) << 8 | (depth - 1)));
            pause_at(its_seed);
        }
    }

    static std::uint64_t mix(std::uint64_t seed) noexcept {
        seed = (seed ^ seed >> 31) * 0x9e37'79b9'7f4a'7c15;
        return (seed ^ seed >> 29) & 0xffff'ffff;
    }

    static void pause_at(std::uint64_t seed) {
        switch (seed % 8) {
        case 0:
            usleep(static_cast<useconds_t>(seed / 8 % 30));
            break;
        case 1:
            sched_yield();
            break;
        default:
            break;
        }
    }

    static constexpr std::uint32_t k_room = 6;

    void make_round(std::mt19937_64& random) {
        const std::uint64_t works = random() % 4;
        const auto contexts = static_cast<std::uint32_t>(1 + random() % 4);
        const auto queues = static_cast<std::uint32_t>(1 + random() % 4);
        make(works, contexts, queues, false, k_room);
        const std::uint64_t seed = random();
        runs().work = [this, seed](std::uint64_t index) {
            run_node(mix(seed + index), 5);
            return done();
        };
        runs().item = [this](std::uint32_t, std::uint64_t value) {
            run_node(number_of(value) >> 8, number_of(value) & 0xff);
            return true;
        };
        for (std::uint64_t i = 0; i < random() % 3; ++i) {
            notes().pushed.fetch_add(1);
            push(static_cast<std::uint32_t>(random() % queues), mix(random()) << 8 | 4);
        }
    }

    std::uint32_t begun() { return notes().flags[0].load(); }

    std::uint64_t consumed() {
        std::uint64_t sum = 0;
        for (std::uint32_t number = 0; number < of().shared().queue_count; ++number) {
            EXPECT_EQ(of().queue(number).size(), 0U);
            sum += of().shared().queues[number].consumed.load();
        }
        return sum;
    }

    // Once the answer was yes: nothing has begun since, and nothing is left.
    void expect_all_was_done() {
        const std::uint32_t seen = begun();
        expect_end();
        ASSERT_EQ(seen, begun());
        const std::uint64_t works = of().works().size() - of().shared().queue_count;
        ASSERT_EQ(begun(), works + notes().pushed.load());
        ASSERT_EQ(consumed(), notes().pushed.load());
    }
};

// This process asks all the while. What has begun when the answer is yes must be all that ever will.
TEST_F(schedule_quiescence, is_seen_only_when_nothing_will_begin_any_more_and_everything_was_consumed) {
    auto random = seeded_random();
    std::uint64_t asked = 0;
    std::uint64_t items = 0;
    for (int round = 0; round < scaled(500); ++round) {
        make_round(random);
        start();
        while (!of().quiescent()) {
            if (++asked % 64 == 0) { // they need the processors, too
                sched_yield();
            }
        }
        ASSERT_NO_FATAL_FAILURE(expect_all_was_done()) << "round " << round;
        items += notes().pushed.load();
        destroy();
        ASSERT_FALSE(HasFailure()) << "in round " << round;
    }
    std::printf("%llu items, asked %llu times\n", static_cast<unsigned long long>(items),
                static_cast<unsigned long long>(asked));
    EXPECT_GT(items, 0U);
}

// Those that are made in the middle of an answer have turns in slots that its first look has not seen.
TEST_F(schedule_quiescence, is_seen_only_then_although_contexts_are_added) {
    auto random = seeded_random();
    std::uint64_t late = 0;
    for (int round = 0; round < scaled(500); ++round) {
        make_round(random);
        const std::uint32_t first = of().group().context_count;
        start();
        const std::uint64_t every = 1 + random() % 200;
        for (std::uint64_t asked = 1; !of().quiescent(); ++asked) {
            if (asked % every == 0) {
                raise_contexts(of().group(), of().group().context_count + 1);
                sched_yield();
            }
        }
        ASSERT_NO_FATAL_FAILURE(expect_all_was_done()) << "round " << round;
        for (std::uint32_t slot = first; slot < of().group().context_count; ++slot) {
            late += of().context(slot).incarnation.load() != 0;
        }
        destroy();
        ASSERT_FALSE(HasFailure()) << "in round " << round;
    }
    std::printf("%llu contexts were late\n", static_cast<unsigned long long>(late));
    EXPECT_GT(late, 0U);
}

TEST_F(schedule_quiescence, comes_although_contexts_are_killed) {
    auto random = seeded_random();
    std::uint64_t kills_in_all = 0;
    for (int round = 0; round < scaled(500); ++round) {
        make_round(random);
        start();
        std::uint64_t kills = 0;
        const std::uint64_t wanted = random() % 5;
        while (kills < wanted && !of().ended()) {
            usleep(static_cast<useconds_t>(random() % 200)); // the instant of the kill
            kills += kill_context(static_cast<std::uint32_t>(random() % of().group().context_count));
        }
        expect_end();
        std::uint64_t pushed = 0; // those that returned, or were cut off behind their last step
        for (std::uint32_t number = 0; number < of().shared().queue_count; ++number) {
            pushed += of().queue(number).tail();
        }
        ASSERT_LE(pushed - consumed(), reports_of(record_kind::item_crashed)) << "in round " << round;
        ASSERT_LE(reports_of(record_kind::item_crashed), kills) << "in round " << round;
        kills_in_all += kills;
        destroy();
        ASSERT_FALSE(HasFailure()) << "in round " << round;
    }
    std::printf("%llu kills\n", static_cast<unsigned long long>(kills_in_all));
    EXPECT_GT(kills_in_all, 0U);
}

} // namespace
