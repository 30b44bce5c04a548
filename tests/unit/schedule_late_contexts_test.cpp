// How many further contexts a batch has a use for, and that they take their part.
#include "tests/unit/batches.hpp"

namespace {

using namespace xpar;
using namespace xpar::test;

class schedule_late_contexts : public batch_test {
protected:
    bool is_open() { return notes().flags[0].load() != 0; }
    void open() { notes().flags[0].store(1); }

    std::uint32_t made() {
        std::uint32_t count = 0;
        for (std::uint32_t slot = 0; slot < of().group().context_count; ++slot) {
            count += of().context(slot).incarnation.load() != 0;
        }
        return count;
    }
};

TEST_F(schedule_late_contexts, are_of_use_for_works_that_wait_for_one) {
    make(5, 1, 0, false, 64);
    EXPECT_EQ(of().group().most_contexts, 64U);
    EXPECT_EQ(of().useful_contexts(1), 1U);
    EXPECT_EQ(of().useful_contexts(3), 3U);
    EXPECT_EQ(of().useful_contexts(64), 6U) << "the first may be busy for long";
    runs().work = [this](std::uint64_t index) {
        notes().works[index].fetch_add(1);
        (void)wait_until([this] { return is_open(); });
        return done();
    };
    start();
    ASSERT_TRUE(wait_until([this] { return notes().works[0].load() == 1; }));
    EXPECT_EQ(of().useful_contexts(64), 5U);
    raise_contexts(of().group(), of().useful_contexts(64));
    EXPECT_TRUE(wait_until([this] { return notes().works[4].load() == 1; }));
    EXPECT_EQ(of().useful_contexts(64), 5U);
    open();
    expect_end();
    EXPECT_EQ(made(), 5U);
    EXPECT_EQ(works_in(work_state::done), 5U);
}

TEST_F(schedule_late_contexts, are_of_use_for_any_item_of_a_queue) {
    make(0, 1, 1, false, 8);
    EXPECT_EQ(of().useful_contexts(4), 4U);
    runs().item = [this](std::uint32_t, std::uint64_t value) {
        notes().items[number_of(value)].fetch_add(1);
        (void)wait_until([this] { return is_open(); });
        return true;
    };
    for (std::uint64_t number = 0; number < 4; ++number) {
        push(0, number);
    }
    start();
    ASSERT_TRUE(wait_until([this] { return notes().items[0].load() == 1; }));
    raise_contexts(of().group(), of().useful_contexts(4));
    EXPECT_TRUE(wait_until([this] { return notes().items[3].load() == 1; }));
    open();
    expect_end();
    EXPECT_EQ(of().shared().queues[0].consumed.load(), 4U);
}

// A page for each process that writes to it is what a batch of one must not cost more.
TEST_F(schedule_late_contexts, that_there_are_none_of_cost_a_small_batch_no_page) {
    make(1, 1, 0, true, 64);
    const auto page_of = [](const void* place) { return reinterpret_cast<std::uintptr_t>(place) / 4096; };
    EXPECT_EQ(page_of(of().shared().works), page_of(&of().shared()));
    EXPECT_EQ(page_of(of().shared().limits), page_of(&of().shared()));
    EXPECT_EQ(page_of(&of().context(0)), page_of(&of().shared()));
}

} // namespace
