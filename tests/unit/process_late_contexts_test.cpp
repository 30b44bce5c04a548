// Contexts that a group gets while it runs: from the same snapshot, as far as there is something to do.
#include "tests/unit/groups.hpp"

namespace {

using namespace xpar;
using namespace xpar::test;

class process_late_contexts : public group_test {
protected:
    // Jobs that end when open() says so, one context for the first.
    void start_with_one(std::uint32_t jobs) {
        start(1, jobs, [this](std::uint32_t) { (void)wait_until([this] { return is_open(); }); });
        ASSERT_TRUE(wait_until([this] { return memory().begun[0].load() == 1; }));
    }

    bool is_open() { return memory().flags[0].load() != 0; }
    void open() { memory().flags[0].store(1); }

    bool has_begun(std::uint32_t jobs) {
        return wait_until([=, this] { return memory().taken.load() == jobs && memory().begun[jobs - 1].load() == 1; });
    }
};

TEST_F(process_late_contexts, are_made_when_the_number_is_raised_and_again_when_it_is_raised_again) {
    start_with_one(10);
    raise_contexts(group(), 2);
    EXPECT_TRUE(has_begun(2));
    raise_contexts(group(), 4);
    EXPECT_TRUE(has_begun(4));
    open();
    expect_end();
    expect_begun_once(10);
    for (std::uint32_t slot = 0; slot < 4; ++slot) {
        EXPECT_EQ(context(slot).state.load(), context_state::left) << slot;
        EXPECT_EQ(context(slot).incarnation.load(), 1U) << slot;
    }
}

TEST_F(process_late_contexts, see_what_was_when_the_group_was_started) {
    std::uint32_t snapshot = 1;
    plan(1, 2);
    scripted_program runs(memory(), [&](std::uint32_t job) {
        memory().flags[job + 1].store(snapshot);
        (void)wait_until([&] { return is_open(); });
    });
    start(runs);
    snapshot = 2;
    ASSERT_TRUE(wait_until([&] { return memory().flags[1].load() != 0; }));
    raise_contexts(group(), 2);
    EXPECT_TRUE(wait_until([&] { return memory().flags[2].load() != 0; }));
    open();
    expect_end();
    EXPECT_EQ(memory().flags[2].load(), 1U);
    EXPECT_NE(memory().done_by[0].load(), memory().done_by[1].load());
}

TEST_F(process_late_contexts, are_no_more_than_there_is_room_for_nor_fewer_than_before) {
    start_with_one(10);
    raise_contexts(group(), k_most_contexts + 60);
    EXPECT_EQ(group().context_count.load(), k_most_contexts);
    raise_contexts(group(), 1);
    EXPECT_EQ(group().context_count.load(), k_most_contexts);
    EXPECT_TRUE(has_begun(k_most_contexts));
    open();
    expect_end();
    expect_begun_once(10);
}

TEST_F(process_late_contexts, are_not_made_when_there_is_nothing_left_to_do) {
    start_with_one(1);
    raise_contexts(group(), 3);
    usleep(20'000);
    open();
    expect_end();
    EXPECT_EQ(context(1).incarnation.load(), 0U);
    EXPECT_EQ(context(1).state.load(), context_state::vacant);
    raise_contexts(group(), 4); // nobody is there any more
}

// The zygote's number is not known then, so nobody could tell it.
TEST_F(process_late_contexts, are_made_although_start_group_has_not_returned) {
    plan(1, 2);
    scripted_program runs(memory(), [&](std::uint32_t) { (void)wait_until([&] { return is_open(); }); });
    runs.in_parent = [&, main_pid = getpid()] {
        if (getpid() == main_pid) {
            ASSERT_TRUE(wait_until([&] { return memory().begun[0].load() == 1; }));
            usleep(5'000); // the zygote sleeps
            raise_contexts(group(), 2);
        }
    };
    start(runs);
    EXPECT_TRUE(has_begun(2));
    open();
    expect_end();
    expect_begun_once(2);
}

TEST_F(process_late_contexts, are_replaced_when_they_die) {
    start_with_one(3);
    raise_contexts(group(), 2);
    ASSERT_TRUE(has_begun(2));
    kill(context(1).pid.load(), SIGKILL);
    EXPECT_TRUE(has_begun(3));
    EXPECT_EQ(context(1).incarnation.load(), 2U);
    open();
    expect_end();
    expect_begun_once(3, 1);
    EXPECT_EQ(memory().deaths_told[1].load(), 1U);
}

TEST_F(process_late_contexts, are_not_made_in_the_middle_of_a_stop) {
    start_with_one(10);
    stop_group(group(), stop_level::interrupt); // which the job does not hear
    raise_contexts(group(), 4);
    usleep(20'000);
    open();
    expect_end();
    expect_begun_once(1);
    EXPECT_EQ(context(1).incarnation.load(), 0U);
}

// They die with the others, and are waited for.
TEST_F(process_late_contexts, do_not_outlive_their_zygote) {
    start_with_one(10);
    raise_contexts(group(), 3);
    ASSERT_TRUE(has_begun(3));
    const pid_t late = context(2).pid.load();
    ASSERT_GT(late, 0);
    kill(group().zygote_pid.load(), SIGKILL);
    EXPECT_EQ(reap_group(group(), true), reap_result::reaped);
    EXPECT_TRUE(is_dead(late));
    EXPECT_EQ(context(2).pid.load(), 0);
    EXPECT_EQ(context(2).state.load(), context_state::died);
}

} // namespace
