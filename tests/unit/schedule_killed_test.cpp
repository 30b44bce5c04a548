// Contexts die while they work: their works end as crashed, everything else goes on.
#include "tests/unit/batches.hpp"
#include "tests/unit/seed.hpp"

#include <sys/resource.h>

#include <csignal>

namespace {

using namespace xpar;
using namespace xpar::test;

class schedule_killed : public batch_test {
protected:
    static void die_of(int number) {
        const rlimit none{0, 0};
        setrlimit(RLIMIT_CORE, &none);
        std::signal(number, SIG_DFL); // a sanitizer would take it for a finding
        raise(number);
    }

    // One item more that was begun, or lost between pop and run; told as crashed.
    void expect_items_accounted_for(std::uint64_t deaths) {
        std::uint64_t pushed = 0;
        std::uint64_t consumed = 0;
        for (std::uint32_t number = 0; number < of().shared().queue_count; ++number) {
            ASSERT_EQ(of().queue(number).size(), 0U);
            pushed += of().queue(number).tail();
            consumed += of().shared().queues[number].consumed.load();
        }
        const std::uint64_t told = reports_of(record_kind::item_crashed);
        ASSERT_LE(consumed, pushed);
        ASSERT_LE(pushed - consumed, told) << "an item was lost and nobody told";
        ASSERT_LE(told, deaths);
    }
};

TEST_F(schedule_killed, the_work_of_a_context_that_dies_has_crashed_and_the_others_go_on) {
    struct way {
        const char* name;
        std::function<void()> die;
        std::uint64_t wait_status;
    };
    const way ways[] = {
        {"SIGKILL", [] { raise(SIGKILL); }, SIGKILL},
        {"SIGSEGV", [] { die_of(SIGSEGV); }, SIGSEGV},
        {"exit code 3", [] { _exit(3); }, 3 << 8},
        {"exit code 0", [] { _exit(0); }, 0},
    };
    for (const std::uint32_t contexts : {1U, 3U}) {
        for (const way& by : ways) {
            SCOPED_TRACE(by.name);
            make(20, contexts);
            runs().work = [&](std::uint64_t index) {
                notes().works[index].fetch_add(1);
                if (index % 7 == 3) {
                    by.die();
                }
                return done(index);
            };
            start();
            expect_end();
            for (std::uint64_t index = 0; index < 20; ++index) {
                const bool died = index % 7 == 3;
                EXPECT_EQ(notes().works[index].load(), 1U) << index;
                EXPECT_EQ(state(index), died ? work_state::crashed : work_state::done) << index;
                EXPECT_EQ(result(index), died ? by.wait_status : index) << index;
            }
            EXPECT_EQ(m_reports.size(), 3U);
            destroy();
        }
    }
}

TEST_F(schedule_killed, every_work_of_many_may_crash) {
    constexpr std::uint64_t k_works = 200;
    make(k_works, 3);
    runs().work = [](std::uint64_t) -> outcome {
        raise(SIGKILL);
        return done();
    };
    start();
    expect_end();
    EXPECT_EQ(works_in(work_state::crashed), k_works);
    EXPECT_EQ(m_reports.size(), k_works);
}

// Settling a death does not look through the table: in a million works that would be 10 ms for each.
TEST_F(schedule_killed, deaths_among_a_million_works_are_settled_quickly) {
    constexpr std::uint64_t k_works = 1'000'000;
    const std::uint64_t deaths = static_cast<std::uint64_t>(scaled(300));
    make(k_works, 2);
    runs().work = [&](std::uint64_t index) -> outcome {
        if (index < deaths) {
            raise(SIGKILL);
        }
        return done();
    };
    start();
    expect_end();
    EXPECT_EQ(works_in(work_state::crashed), deaths);
    EXPECT_EQ(works_in(work_state::done), k_works - deaths);
}

TEST_F(schedule_killed, a_work_that_was_interrupted_and_killed_is_cancelled) {
    make(3, 1);
    runs().work = [&](std::uint64_t) -> outcome {
        notes().flags[0].store(1);
        (void)wait_until([&] { return of().stopping(); });
        raise(SIGKILL);
        return done();
    };
    start();
    ASSERT_TRUE(wait_until([&] { return notes().flags[0].load() == 1; }));
    stop_group(of().group(), stop_level::interrupt);
    expect_end();
    EXPECT_EQ(works_in(work_state::cancelled), 3U);
}

TEST_F(schedule_killed, an_item_dies_with_its_consumer_and_is_told) {
    for (const std::uint32_t contexts : {1U, 3U}) {
        make(1, contexts, 2);
        runs().work = [&](std::uint64_t) {
            for (std::uint64_t number = 0; number < 40; ++number) {
                push(number % 2, number);
            }
            return done();
        };
        runs().item = [&](std::uint32_t, std::uint64_t value) {
            notes().items[number_of(value)].fetch_add(1);
            if (number_of(value) == 11) {
                raise(SIGKILL);
            }
            return true;
        };
        start();
        expect_end();
        for (std::uint64_t number = 0; number < 40; ++number) {
            EXPECT_EQ(notes().items[number].load(), 1U) << number;
        }
        ASSERT_EQ(reports_of(record_kind::item_crashed), 1U);
        const auto told = std::find_if(m_reports.begin(), m_reports.end(), [](const report& r) { return !r.is_end(); });
        EXPECT_EQ(told->subject, 1U) << "the queue";
        EXPECT_EQ(told->number(), SIGKILL);
        EXPECT_EQ(of().shared().queues[0].consumed.load(), 20U);
        EXPECT_EQ(of().shared().queues[1].consumed.load(), 19U);
        EXPECT_EQ(state(1), work_state::done) << "the queue's work has done what there was to do";
        destroy();
    }
}

// The others are asleep, seeing it busy: nobody but who settles its death can tell them that it is no longer.
TEST_F(schedule_killed, who_waits_for_a_context_that_is_killed_with_the_last_item_goes_on) {
    for (int round = 0; round < scaled(50); ++round) {
        make(0, 3, 1);
        push(0, 0);
        runs().item = [&](std::uint32_t, std::uint64_t) {
            (void)wait_until([&] { return notes().flags[0].load() != 0; });
            raise(SIGKILL);
            return true;
        };
        start();
        ASSERT_TRUE(wait_until([&] {
            return of().context(0).turns.load() > 0 && of().context(1).turns.load() > 0 &&
                   of().context(2).turns.load() > 0;
        }));
        usleep(static_cast<useconds_t>(round % 10) * 100); // more or less asleep
        const std::uint64_t before = monotonic_ns();
        notes().flags[0].store(1);
        expect_end();
        EXPECT_LT(monotonic_ns() - before, 5'000'000'000U);
        EXPECT_EQ(reports_of(record_kind::item_crashed), 1U);
        destroy();
    }
}

TEST_F(schedule_killed, a_work_that_forks_and_returns_twice_runs_once) {
    make(20, 2, 1);
    runs().work = [&](std::uint64_t index) {
        notes().works[index].fetch_add(1);
        push(0, index);
        if (index % 5 == 0 && fork() == 0) {
            notes().flags[0].fetch_add(1); // goes back into the loop as if it were the context
        }
        return done();
    };
    runs().item = [&](std::uint32_t, std::uint64_t value) {
        notes().items[number_of(value)].fetch_add(1);
        if (number_of(value) % 5 == 0 && fork() == 0) {
            notes().flags[0].fetch_add(1);
        }
        return true;
    };
    start();
    expect_end();
    for (std::uint64_t index = 0; index < 20; ++index) {
        EXPECT_EQ(notes().works[index].load(), 1U) << index;
        EXPECT_EQ(notes().items[index].load(), 1U) << index;
    }
    EXPECT_EQ(works_in(work_state::done), 21U);
    EXPECT_EQ(of().shared().queues[0].consumed.load(), 20U);
    EXPECT_EQ(of().context(0).works_ended.load() + of().context(1).works_ended.load(), 40U);
    EXPECT_TRUE(wait_until([&] { return notes().flags[0].load() == 8; }));
    EXPECT_TRUE(all_children_end(k_patience_ns));
}

TEST_F(schedule_killed, works_for_which_no_context_ever_began_have_crashed_of_what_the_contexts_died_of) {
    make(3, 2, 1);
    runs().at_entry = [] { _exit(9); };
    start();
    expect_end();
    EXPECT_EQ(works_in(work_state::crashed), 4U);
    for (std::uint64_t index = 0; index < 4; ++index) {
        EXPECT_EQ(result(index), 9U << 8) << index;
    }
}

TEST_F(schedule_killed, works_of_a_killed_zygote_are_settled_by_the_main_process) {
    make(10, 2, 1);
    runs().work = [&](std::uint64_t index) {
        if (index >= 4) {
            notes().flags[0].fetch_add(1);
            (void)wait_until([&] { return false; });
        }
        return done(index);
    };
    start();
    ASSERT_TRUE(wait_until([&] { return notes().flags[0].load() == 2; }));
    ASSERT_EQ(kill(of().group().zygote_pid.load(), SIGKILL), 0);
    EXPECT_EQ(reap_group(of().group(), true), reap_result::reaped);
    EXPECT_FALSE(of().ended());
    of().settle_rest(k_crash_no_zygote);
    of().group().state.store(group_state::ended);
    read_reports();
    expect_all_final_and_reported();
    for (std::uint64_t index = 0; index < 11; ++index) {
        EXPECT_EQ(state(index), index < 4 ? work_state::done : work_state::crashed) << index;
        EXPECT_EQ(result(index), index < 4 ? index : k_crash_no_zygote) << index;
    }
}

// Works push to a queue, its consumers to another; contexts are killed wherever they happen to be.
TEST_F(schedule_killed, at_random_instants_nothing_is_lost_but_what_was_being_run) {
    constexpr std::uint64_t k_works = 150;
    auto random = seeded_random();
    std::uint64_t kills_in_all = 0;
    std::uint64_t crashed_in_all = 0;
    std::uint64_t items_in_all = 0;
    for (int round = 0; round < scaled(200); ++round) {
        const auto contexts = static_cast<std::uint32_t>(1 + random() % 3);
        make(k_works, contexts, round % 2 == 0 ? 2 : 0);
        const bool queues = of().shared().queue_count != 0;
        runs().work = [&, queues](std::uint64_t index) {
            notes().works[index].fetch_add(1);
            for (std::uint64_t i = 0; queues && i < 3; ++i) {
                (void)of().queue(0).push(value_of(index * 3 + i));
            }
            if (index % 16 == 0) {
                usleep(50);
            }
            return index % 10 == 0 ? outcome{work_state::failed, 1} : done(index);
        };
        runs().item = [&](std::uint32_t queue, std::uint64_t value) {
            notes().items[queue * 1000 + number_of(value)].fetch_add(1);
            if (queue == 0) {
                (void)of().queue(1).push(value);
            }
            if (number_of(value) % 16 == 0) {
                usleep(50);
            }
            return true;
        };
        for (std::uint64_t index = 0; index < k_works; index += 5) {
            EXPECT_FALSE(of().works().watch(index));
        }
        start();
        std::uint64_t kills = 0;
        const std::uint64_t wanted = random() % 12;
        while (kills < wanted && !of().ended()) {
            usleep(static_cast<useconds_t>(random() % 500)); // the instant of the kill
            kills += kill_context(static_cast<std::uint32_t>(random() % contexts));
        }
        expect_end();
        for (std::uint64_t index = 0; index < k_works; ++index) {
            const work_state ended = state(index);
            ASSERT_LE(notes().works[index].load(), 1U) << index;
            if (ended == work_state::crashed) {
                ASSERT_EQ(result(index), static_cast<std::uint64_t>(SIGKILL)) << index;
            } else {
                ASSERT_EQ(notes().works[index].load(), 1U) << index;
                ASSERT_EQ(ended, index % 10 == 0 ? work_state::failed : work_state::done) << index;
            }
        }
        for (std::uint64_t number = 0; number < 2000; ++number) {
            ASSERT_LE(notes().items[number].load(), 1U) << number;
        }
        ASSERT_LE(works_in(work_state::crashed), kills);
        expect_items_accounted_for(kills);
        ASSERT_FALSE(HasFailure()) << "in round " << round;
        kills_in_all += kills;
        crashed_in_all += works_in(work_state::crashed);
        items_in_all += reports_of(record_kind::item_crashed);
        destroy();
        ASSERT_FALSE(HasFailure()) << "after round " << round;
    }
    std::printf("%llu kills, %llu works and %llu items crashed\n", static_cast<unsigned long long>(kills_in_all),
                static_cast<unsigned long long>(crashed_in_all), static_cast<unsigned long long>(items_in_all));
    EXPECT_GT(crashed_in_all + items_in_all, 0U) << "the kills came when nothing ran";
}

} // namespace
