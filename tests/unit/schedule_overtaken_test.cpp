// A question about the batch, and a context that goes to sleep, are stopped after their first, second, third ...
// instruction while another process does something to the batch, and then go on.
#include "tests/unit/batches.hpp"
#include "tests/unit/stepped.hpp"

#include <climits>

namespace {

using namespace xpar;
using namespace xpar::test;

class schedule_overtaken : public batch_test {
protected:
    void SetUp() override {
        if (!can_trace()) {
            GTEST_SKIP() << "processes cannot be traced here";
        }
        batch_test::SetUp();
        m_ask = [this] { notes().flags[0].store(of().quiescent() ? 1 : 0); };
    }

    // The steps of a turn in which a context takes the item of queue 1, pushes one to queue 0, and then takes that in a
    // second turn.
    static constexpr int k_steps = 7;
    void go(int from, int to) {
        std::uint64_t value = 0;
        for (int step = from; step < to; ++step) {
            switch (step) {
            case 0:
            case 4:
                raise_contexts(of().group(), m_slot + 1);
                of().context(m_slot).turns.fetch_add(1);
                break;
            case 1:
                EXPECT_TRUE(of().queue(1).pop(value));
                break;
            case 2:
                push(0, 1);
                break;
            case 3:
            case 6:
                of().context(m_slot).turns.fetch_add(1);
                break;
            case 5:
                EXPECT_TRUE(of().queue(0).pop(value));
                break;
            default:
                break;
            }
        }
    }

    static constexpr int scaled_stride(int stride) { return k_sanitized ? 130 * stride : stride; }

    static constexpr std::uint64_t k_slow_ns = 80'000'000;

    // Nanoseconds until a context ends that is overtaken so many instructions after its vain turn, or before it sleeps.
    std::uint64_t go_to_sleep(int steps, const std::function<void()>& happens, bool& asleep) {
        make(0, 2, 2);
        of().context(1).turns.store(1);
        runs().item = [this](std::uint32_t, std::uint64_t) {
            of().context(1).turns.store(2);
            return true;
        };
        const auto act = [this] { runs().run_context(0); };
        stepped_child context(act);
        while (of().context(0).turns.load() < 2) {
            context.step(1);
        }
        for (asleep = false; steps > 0 && !asleep; --steps) {
            context.step(1);
            asleep = context.at_system_call();
        }
        happens();
        const std::uint64_t before = monotonic_ns();
        EXPECT_EQ(context.finish(), 0);
        const std::uint64_t took = monotonic_ns() - before;
        EXPECT_EQ(of().queue(0).size(), 0U);
        destroy();
        return took;
    }

    void make_it() {
        make(0, 2, 2, false, 3);
        push(1, 0);
    }

    // The context has gone `before` steps when the question begins, and goes to `until` while it is at some
    // instruction. Where there is anything left to do at the end of that, there was at all times, and the answer must
    // be no.
    void ask_everywhere() {
        make_it();
        stepped_child alone(m_ask);
        const int length = alone.step(INT_MAX);
        EXPECT_EQ(alone.finish(), 0);
        destroy();
        EXPECT_GT(length, 50) << "hardly any instruction was stepped through";
        int asked = 0;
        for (int before = 0; before < k_steps; ++before) {
            for (int until = before + 1; until < k_steps; ++until) {
                // Another instruction of every seven for each pair: the steps overlap, and what one misses another
                // meets.
                for (int steps = (3 * before + until) % 7; steps < length && !HasFailure(); steps += scaled_stride(7)) {
                    make_it();
                    go(0, before);
                    stepped_child slow(m_ask);
                    slow.step(steps);
                    go(before, until);
                    EXPECT_EQ(slow.finish(), 0);
                    EXPECT_EQ(notes().flags[0].load(), 0U)
                        << "steps " << before << " to " << until << " after " << steps << " instructions";
                    destroy();
                    ++asked;
                }
            }
        }
        std::printf("asked %d times, %d instructions each\n", asked, length);
    }

    std::function<void()> m_ask;
    std::uint32_t m_slot = 0; // of the context that goes; 2: the number is raised for it in its first step
};

TEST_F(schedule_overtaken, a_batch_is_not_called_quiescent_while_anything_is_left) {
    ask_everywhere();
}

TEST_F(schedule_overtaken, nor_while_a_context_is_at_it_that_was_not_there_when_the_question_began) {
    m_slot = 2;
    ask_everywhere();
}

// Context 0 finds nothing to do and goes to sleep, as context 1 is busy. At any instruction on that way context 1
// pushes or becomes idle, and context 0 must hear of it. It wakes up by itself after 100 ms: what takes nearly that
// long each time was not heard of.
TEST_F(schedule_overtaken, a_context_that_goes_to_sleep_hears_what_happens_meanwhile) {
    const std::function<void()> happenings[] = {
        [this] { push(0, 1); },
        [this] { // it leaves
            of().context(1).turns.store(2);
            event_signal(of().shared().progress);
        },
    };
    for (const auto& happens : happenings) {
        int steps = 0;
        for (bool asleep = false; !asleep && !HasFailure(); steps += scaled_stride(13)) {
            std::uint64_t took = ~std::uint64_t{0};
            for (int attempt = 0; attempt < 3 && took > k_slow_ns; ++attempt) {
                took = go_to_sleep(steps, happens, asleep);
            }
            EXPECT_LE(took, k_slow_ns) << steps << " instructions after its turn";
        }
        std::printf("%d instructions before the sleep\n", steps);
        EXPECT_GT(steps, 100);
    }
}

TEST_F(schedule_overtaken, a_batch_is_called_quiescent_when_nothing_is_left) {
    make_it();
    go(0, k_steps);
    m_ask();
    EXPECT_EQ(notes().flags[0].load(), 1U);
}

} // namespace
