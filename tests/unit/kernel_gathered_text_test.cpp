#include "kernel/gathered_text.hpp"

#include "tests/unit/seed.hpp"

#include <gtest/gtest.h>

#include <map>
#include <thread>
#include <utility>

namespace {

using namespace std::chrono_literals;
using xpar::gathered_text;
using xpar::parent_ptr;
using pieces = std::vector<std::pair<std::string, std::string>>;

parent_ptr cell(int number) {
    return std::make_shared<const nlohmann::json>(
        nlohmann::json{{"msg_id", number}}); // a copy each time, as works bring
}

// Names of threads: of one that is over, so that several can be had.
std::thread::id thread_name() {
    std::thread thread([] {});
    const std::thread::id id = thread.get_id();
    static std::vector<std::thread> kept; // not joined yet, or the next one gets the same name
    kept.push_back(std::move(thread));
    static const struct joiner {
        ~joiner() {
            for (std::thread& each : kept) {
                each.join();
            }
        }
    } at_end;
    return id;
}

struct gathered_text_test : testing::Test {
    gathered_text text;
    gathered_text::clock::time_point now{};
    const std::thread::id one = thread_name();
    const std::thread::id other = thread_name();

    void add(std::string_view stream, std::string_view what, int of = 1) { add_as(one, stream, what, of); }
    void add_as(std::thread::id writer, std::string_view stream, std::string_view what, int of = 1) {
        text.add(stream, what, cell(of), writer, now);
    }
    pieces lines(std::thread::id asking) { return plain(text.take_lines(asking, now)); }
    pieces of_cell(int number) { return plain(text.take_cell(*cell(number), other, now)); }
    pieces all() { return plain(text.take_all()); }

    static pieces plain(const std::vector<gathered_text::piece>& taken) {
        pieces result;
        for (const gathered_text::piece& piece : taken) {
            result.emplace_back(piece.stream, piece.text);
        }
        return result;
    }
};

TEST_F(gathered_text_test, is_taken_in_the_order_of_writing) {
    add("stdout", "a");
    add("stdout", "b\n");
    add("stderr", "c");
    add("stdout", "d");
    EXPECT_EQ(text.bytes(), 5U);
    EXPECT_EQ(all(), (pieces{{"stdout", "ab\n"}, {"stderr", "c"}, {"stdout", "d"}}));
    EXPECT_EQ(text.bytes(), 0U);
    EXPECT_EQ(all(), pieces{});
}

TEST_F(gathered_text_test, a_young_line_of_another_is_left) {
    add("stdout", "whole\nbegun");
    EXPECT_EQ(lines(other), (pieces{{"stdout", "whole\n"}}));
    EXPECT_EQ(text.bytes(), 5U);
    EXPECT_EQ(lines(other), pieces{});
    add("stdout", " ended\n");
    EXPECT_EQ(lines(other), (pieces{{"stdout", "begun ended\n"}}));
}

TEST_F(gathered_text_test, a_line_of_its_own_or_an_old_one_is_taken) {
    add("stdout", "begun");
    EXPECT_EQ(lines(one), (pieces{{"stdout", "begun"}}));
    add("stdout", "begun");
    now += gathered_text::k_line_time / 2;
    add("stdout", " and");
    now += gathered_text::k_line_time / 2;
    EXPECT_EQ(lines(other), (pieces{{"stdout", "begun and"}}));
}

// The child's line once came before the one that the cell had begun before the fork, when another came on stderr
// between.
TEST_F(gathered_text_test, nothing_overtakes_a_begun_line) {
    add("stdout", "begun ");
    add_as(other, "stderr", "an error\n");
    add_as(other, "stdout", "a child's\n");
    const pieces expected{{"stdout", "begun "}, {"stderr", "an error\n"}, {"stdout", "a child's\n"}};
    EXPECT_EQ(lines(thread_name()), expected);
}

TEST_F(gathered_text_test, what_is_written_after_a_begun_line_joins_it) {
    add("stdout", "begun ");
    EXPECT_EQ(lines(other), pieces{});
    add_as(other, "stdout", "a child's\n");
    EXPECT_EQ(lines(thread_name()), (pieces{{"stdout", "begun a child's\n"}}));
}

TEST_F(gathered_text_test, all_of_a_cell_leaves_before_what_has_a_place_in_it) {
    add("stdout", "begun", 1);
    add("stdout", "begun too", 2);
    EXPECT_EQ(of_cell(1), (pieces{{"stdout", "begun"}}));
    EXPECT_EQ(of_cell(1), pieces{});
    EXPECT_EQ(of_cell(2), (pieces{{"stdout", "begun too"}}));
}

TEST_F(gathered_text_test, text_of_another_cell_cuts_no_line) {
    add("stdout", "begun", 1);
    add_as(other, "stdout", "elsewhere\n", 2);
    EXPECT_EQ(lines(other), (pieces{{"stdout", "elsewhere\n"}}));
    add_as(other, "stdout", "elsewhere\n", 2);
    add("stdout", " ended\n", 1);
    EXPECT_EQ(all(), (pieces{{"stdout", "begun ended\n"}, {"stdout", "elsewhere\n"}}));
}

TEST_F(gathered_text_test, two_streams_in_turn_are_few_pieces) {
    for (int i = 0; i < 1000; ++i) {
        add("stdout", "a\n");
        add("stderr", "b\n");
    }
    const pieces taken = all();
    ASSERT_EQ(taken.size(), gathered_text::k_ordered_pieces);
    EXPECT_EQ(taken[gathered_text::k_ordered_pieces - 2].second.size(), 2U * (1000 - 9));
}

// Whatever happens, what has left of a cell is the beginning of what was written to it.
TEST_F(gathered_text_test, at_random) {
    std::mt19937_64 random = xpar::test::seeded_random();
    const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
    const std::vector<std::thread::id> writers{one, other, thread_name()};
    const std::vector<std::string> words{"a", "bc", "\n", "d\n", "e\nf"};
    std::map<int, std::string> written;
    std::map<int, std::string> left;
    const auto note = [](std::string& where, const std::string& stream, const std::string& what) {
        for (const char c : what) {
            where += {stream == "stdout" ? 'o' : 'e', c};
        }
    };
    for (int round = 0; round < 20'000; ++round) {
        for (int adds = below(8); adds > 0; --adds) {
            const int of = below(3);
            const std::string stream = below(3) == 0 ? "stderr" : "stdout";
            const std::string& word = words[static_cast<std::size_t>(below(5))];
            add_as(writers[static_cast<std::size_t>(below(3))], stream, word, of);
            note(written[of], stream, word);
        }
        now += below(3) == 0 ? 25ms : 1ms;
        const std::thread::id asking = writers[static_cast<std::size_t>(below(3))];
        const int way = below(4);
        const int of = below(3);
        for (const gathered_text::piece& piece : way == 0   ? text.take_all()
                                                 : way == 1 ? text.take_cell(*cell(of), asking, now)
                                                            : text.take_lines(asking, now)) {
            note(left[(*piece.parent)["msg_id"]], piece.stream, piece.text);
        }
        std::size_t waiting = 0;
        for (const auto& [number, all_of_it] : written) {
            ASSERT_EQ(left[number], all_of_it.substr(0, left[number].size()));
            waiting += (all_of_it.size() - left[number].size()) / 2;
        }
        ASSERT_EQ(text.bytes(), waiting);
        if (way == 0 || way == 1) {
            ASSERT_EQ(left[of].size(), written[of].size());
        }
        written.clear();
        left.clear();
        for (const gathered_text::piece& piece : text.take_all()) { // begin the next round with what was held
            const int number = (*piece.parent)["msg_id"];
            add_as(piece.writer, piece.stream, piece.text, number);
            note(written[number], piece.stream, piece.text);
        }
    }
}

} // namespace
