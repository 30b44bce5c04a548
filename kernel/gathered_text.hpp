// Text written to stdout and stderr that has not left yet, in the order in which it was written. Of the text of one
// cell none leaves before what was written earlier: what is taken is a beginning, all of it or all but the end of its
// last piece. So a line that is held back because somebody is in the middle of it holds back nothing, and whoever could
// write only after it began, a child or a work or a thread that was started then, comes after it.
//
// Front ends drop what exceeds about 1000 messages a second, so writing to stdout and stderr in turn must not make a
// message of each line: of what is gathered at one time, the first k_ordered_pieces keep their order; later text joins
// the last piece of its own stream.
//
// No lock, and no clock: the caller has both.
#pragma once

#include "kernel/message_header.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace xpar {

class gathered_text {
public:
    using clock = std::chrono::steady_clock;

    static constexpr std::size_t k_ordered_pieces = 20;
    static constexpr std::chrono::milliseconds k_line_time{20};

    struct piece {
        parent_ptr parent; // its cell
        std::string stream;
        std::string text;
        std::thread::id writer; // who wrote last
        clock::time_point line_began;
    };

    std::size_t bytes() const noexcept { return m_bytes; }

    void add(std::string_view stream, std::string_view text, const parent_ptr& cell, std::thread::id writer,
             clock::time_point now);

    std::vector<piece> take_all();

    // Without lines that began less than k_line_time ago and that threads other than `asking` are in the middle of.
    std::vector<piece> take_lines(std::thread::id asking, clock::time_point now);

    // The same, but all there is of this cell.
    std::vector<piece> take_cell(const nlohmann::json& cell, std::thread::id asking, clock::time_point now);

private:
    piece& last_piece(std::string_view stream, const parent_ptr& cell);
    bool is_last_of_cell(std::size_t index) const;
    std::vector<piece> take(const nlohmann::json* whole_cell, std::thread::id asking, clock::time_point now);

    std::vector<piece> m_pieces;
    std::size_t m_bytes = 0;
};

} // namespace xpar
