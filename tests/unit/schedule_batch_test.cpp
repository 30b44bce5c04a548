// The works of a batch, from start to end. Queues are in schedule_queue_test, deaths in schedule_killed_test.
#include "tests/unit/batches.hpp"

#include "runtime/process/signals.hpp"

#include <csignal>

namespace {

using namespace xpar;
using namespace xpar::test;

class schedule_batch : public batch_test {
protected:
    void expect_all_done_once() {
        for (std::uint64_t index = 0; index < of().works().size(); ++index) {
            ASSERT_EQ(notes().works[index].load(), 1U) << index;
            ASSERT_EQ(state(index), work_state::done) << index;
            ASSERT_EQ(result(index), index * 3) << index;
        }
    }

    void count_works() {
        runs().work = [this](std::uint64_t index) {
            notes().works[index].fetch_add(1);
            return done(index * 3);
        };
    }
};

TEST_F(schedule_batch, runs_every_work_once_and_reports_nothing_nobody_asked_for) {
    for (const std::uint64_t works : {1U, 2U, 1000U}) {
        for (const std::uint32_t contexts : {1U, 2U, 3U}) {
            make(works, contexts);
            count_works();
            start();
            expect_end();
            expect_all_done_once();
            EXPECT_EQ(m_reports.size(), 0U);
            std::uint64_t ended = 0;
            for (std::uint32_t slot = 0; slot < contexts; ++slot) {
                ended += of().context(slot).works_ended.load();
            }
            EXPECT_EQ(ended, works);
            destroy();
        }
    }
}

TEST_F(schedule_batch, without_works_ends_at_once) {
    make(0, 2);
    start();
    expect_end();
}

TEST_F(schedule_batch, knows_who_ran_a_work_and_when) {
    make(3, 1);
    const std::uint64_t before = monotonic_ns();
    runs().work = [this](std::uint64_t index) {
        notes().flags[0].store(static_cast<unsigned>(getpid()));
        notes().flags[1].fetch_add(of().context(0).current.load() == index + 1);
        usleep(1000);
        return done();
    };
    start();
    expect_end();
    EXPECT_EQ(notes().flags[1].load(), 3U);
    std::uint64_t last = before;
    for (std::uint64_t index = 0; index < 3; ++index) {
        const work_shm& work = of().works().at(index);
        EXPECT_EQ(work.pid.load(), static_cast<pid_t>(notes().flags[0].load()));
        EXPECT_EQ(of().works().view(index).slot, 0U);
        EXPECT_GE(work.started_ns.load(), last);
        EXPECT_GE(work.ended_ns.load(), work.started_ns.load() + 1'000'000);
        last = work.ended_ns.load();
    }
    EXPECT_LE(last, monotonic_ns());
}

TEST_F(schedule_batch, reports_in_order_what_works_print_and_how_they_end) {
    constexpr std::uint64_t k_works = 200;
    for (const std::uint32_t contexts : {1U, 3U}) {
        make(k_works, contexts);
        runs().work = [this](std::uint64_t index) {
            runs().print(index, "first of " + std::to_string(index));
            runs().print(index, "second of " + std::to_string(index));
            return index % 2 == 0 ? outcome{work_state::failed, index} : done();
        };
        start();
        expect_end();
        std::vector<int> printed(k_works);
        std::vector<bool> told(k_works);
        for (const report& read : m_reports) {
            if (read.is_end()) {
                EXPECT_EQ(printed[read.ended_work], 2) << "what it printed is read before its end";
                EXPECT_EQ(read.ended_work % 2, 0U);
                EXPECT_FALSE(told[read.ended_work]);
                told[read.ended_work] = true;
                continue;
            }
            ASSERT_EQ(read.kind, record_kind::stdout_text);
            EXPECT_EQ(read.slot, of().works().view(read.subject).slot);
            EXPECT_EQ(read.body,
                      (printed[read.subject] == 0 ? "first of " : "second of ") + std::to_string(read.subject));
            ++printed[read.subject];
        }
        for (std::uint64_t index = 0; index < k_works; ++index) {
            EXPECT_EQ(printed[index], 2) << index;
            EXPECT_EQ(told[index], index % 2 == 0) << index;
            EXPECT_EQ(state(index), index % 2 == 0 ? work_state::failed : work_state::done);
        }
        if (contexts == 1) {
            for (std::uint64_t index = 2; index < k_works; index += 2) {
                EXPECT_LT(place_of_end(index - 2), place_of_end(index));
            }
        }
        destroy();
    }
}

TEST_F(schedule_batch, reports_the_end_of_a_watched_work_once) {
    make(100, 2);
    runs().work = [this](std::uint64_t index) {
        if (index >= 50) { // watched by then
            (void)wait_until([&] { return notes().flags[0].load() != 0; });
        }
        return done();
    };
    EXPECT_FALSE(of().works().watch(3));
    start();
    ASSERT_TRUE(changes_until([&] { return place_of_end(3) >= 0; }));
    ASSERT_TRUE(wait_until([&] { return state(4) == work_state::done; }));
    EXPECT_TRUE(of().works().watch(4)) << "ended before";
    EXPECT_FALSE(of().works().watch(70));
    notes().flags[0].store(1);
    ASSERT_TRUE(changes_until([&] { return of().ended(); }));
    EXPECT_EQ(reap_group(of().group(), true), reap_result::reaped);
    ASSERT_EQ(m_reports.size(), 2U);
    EXPECT_EQ(m_reports[0].ended_work, 3U);
    EXPECT_EQ(m_reports[1].ended_work, 70U);
}

TEST_F(schedule_batch, a_work_cancelled_before_it_began_does_not_run) {
    make(3, 1);
    runs().work = [this](std::uint64_t index) {
        notes().works[index].fetch_add(1);
        (void)wait_until([&] { return notes().flags[0].load() != 0; });
        return done();
    };
    start();
    ASSERT_TRUE(wait_until([&] { return notes().works[0].load() == 1; }));
    EXPECT_FALSE(of().works().cancel_pending(0));
    EXPECT_TRUE(of().works().cancel_pending(1));
    of().report_work_ended(1);
    notes().flags[0].store(1);
    expect_end();
    EXPECT_EQ(state(0), work_state::done);
    EXPECT_EQ(state(1), work_state::cancelled);
    EXPECT_EQ(state(2), work_state::done);
    EXPECT_EQ(notes().works[1].load(), 0U);
}

TEST_F(schedule_batch, an_interrupt_ends_running_works_and_cancels_the_rest) {
    static volatile std::sig_atomic_t s_interrupted = 0;
    make(100, 2);
    runs().at_entry = [] {
        struct sigaction action{};
        action.sa_handler = [](int) { s_interrupted = 1; };
        sigaction(interrupt_signal(), &action, nullptr);
    };
    runs().work = [this](std::uint64_t index) {
        notes().works[index].fetch_add(1);
        while (s_interrupted == 0) {
            usleep(100);
        }
        return outcome{work_state::cancelled, 0};
    };
    start();
    ASSERT_TRUE(wait_until([&] { return notes().works[0].load() + notes().works[1].load() == 2; }));
    const std::uint64_t before = monotonic_ns();
    stop_group(of().group(), stop_level::interrupt);
    expect_end();
    EXPECT_LT(monotonic_ns() - before, k_interrupt_grace_ns);
    EXPECT_EQ(works_in(work_state::cancelled), 100U);
    for (std::uint64_t index = 0; index < 100; ++index) {
        EXPECT_EQ(notes().works[index].load(), index < 2 ? 1U : 0U);
    }
    EXPECT_EQ(m_reports.size(), 100U);
}

TEST_F(schedule_batch, a_work_that_does_not_stop_is_cancelled_with_its_context) {
    make(10, 2, 1);
    runs().work = [this](std::uint64_t index) -> outcome {
        notes().works[index].fetch_add(1);
        for (;;) {
            pause();
        }
    };
    start();
    ASSERT_TRUE(wait_until([&] { return notes().works[0].load() + notes().works[1].load() == 2; }));
    stop_group(of().group(), stop_level::kill);
    expect_end();
    EXPECT_EQ(works_in(work_state::cancelled), 11U) << "the queue's own work is one of them";
}

TEST_F(schedule_batch, begins_nothing_new_just_after_an_interrupt_of_the_whole_group) {
    make(2, 1);
    runs().at_entry = [] { note_interrupts_child(); };
    runs().work = [this](std::uint64_t index) {
        notes().works[index].fetch_add(1);
        if (index == 0) {
            raise(SIGINT); // as if the program this work waits for had been ended by it, too
        }
        return done();
    };
    start();
    expect_end();
    EXPECT_EQ(notes().works[1].load(), 1U); // nobody has said stop, so it goes on
    const std::uint64_t pause = of().works().at(1).started_ns.load() - of().works().at(0).ended_ns.load();
    EXPECT_GE(pause, k_interrupt_pause_ns * 9 / 10);
    destroy();

    make(2, 1);
    runs().at_entry = [] { note_interrupts_child(); };
    runs().work = [this](std::uint64_t index) {
        notes().works[index].fetch_add(1);
        raise(SIGINT);
        stop_group(of().group(), stop_level::interrupt); // what the main process makes of it
        return done();
    };
    start();
    expect_end();
    EXPECT_EQ(notes().works[1].load(), 0U);
    EXPECT_EQ(state(1), work_state::cancelled);
}

TEST_F(schedule_batch, a_million_works_end_and_are_settled_in_no_time) {
    constexpr std::uint64_t k_works = k_sanitized ? 100'000 : 1'000'000;
    make(k_works, 2);
    runs().work = [this](std::uint64_t index) {
        if (index == 50) {
            (void)wait_until([&] { return of().stopping(); });
        }
        return done(1);
    };
    start();
    ASSERT_TRUE(wait_until([&] { return of().works().view(51).state == work_state::done; }));
    const std::uint64_t before = monotonic_ns();
    stop_group(of().group(), stop_level::interrupt);
    expect_end();
    const std::uint64_t took = monotonic_ns() - before;
    EXPECT_EQ(works_in(work_state::done) + works_in(work_state::cancelled), k_works);
    EXPECT_EQ(m_reports.size(), works_in(work_state::cancelled));
    EXPECT_LT(took, 10'000'000'000U);
    std::printf("%llu ms for %llu cancelled works\n", static_cast<unsigned long long>(took / 1'000'000),
                static_cast<unsigned long long>(works_in(work_state::cancelled)));
}

TEST_F(schedule_batch, of_a_zygote_that_cannot_be_forked_is_settled_by_the_main_process) {
    make(5, 2, 1);
    of().settle_rest(k_crash_no_context | EAGAIN);
    of().group().state.store(group_state::ended);
    read_reports();
    expect_all_final_and_reported();
    for (std::uint64_t index = 0; index < 6; ++index) {
        EXPECT_EQ(state(index), work_state::crashed);
        EXPECT_EQ(result(index), k_crash_no_context | EAGAIN);
    }
}

TEST_F(schedule_batch, that_does_not_fit_into_the_region_is_refused_and_leaves_nothing) {
    EXPECT_EQ(batch::create(*m_memory, {.works = std::uint64_t{1} << 40, .contexts = 1}, k_heap, notes().changed),
              nullptr);
    EXPECT_EQ(m_memory->usage().chunks, m_chunks);
}

} // namespace
