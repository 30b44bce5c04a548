#include "kernel/gathered_text.hpp"

#include <algorithm>
#include <utility>

namespace xpar {

namespace {

// Headers are compared by value: works bring their own copy of the header of their cell.
bool is_same(const parent_ptr& one, const parent_ptr& other) {
    return one == other || *one == *other;
}

} // namespace

void gathered_text::add(std::string_view stream, std::string_view text, const parent_ptr& cell, std::thread::id writer,
                        clock::time_point now) {
    piece& to = last_piece(stream, cell);
    if (to.text.empty() || to.text.ends_with('\n') || text.find('\n') != std::string_view::npos) {
        to.line_began = now;
    }
    to.text += text;
    to.writer = writer;
    m_bytes += text.size();
}

gathered_text::piece& gathered_text::last_piece(std::string_view stream, const parent_ptr& cell) {
    // Once there are too many, earlier ones may do. Pieces of other cells are shown elsewhere, so they may come
    // between.
    const bool is_ordered = m_pieces.size() < k_ordered_pieces;
    for (auto last = m_pieces.rbegin(); last != m_pieces.rend(); ++last) {
        if (!is_same(last->parent, cell)) {
            continue;
        }
        if (last->stream == stream) {
            return *last;
        }
        if (is_ordered) {
            break;
        }
    }
    return m_pieces.emplace_back(piece{cell, std::string(stream), {}, {}, {}});
}

bool gathered_text::is_last_of_cell(std::size_t index) const {
    const auto after = m_pieces.begin() + static_cast<std::ptrdiff_t>(index) + 1;
    return std::none_of(after, m_pieces.end(),
                        [&](const piece& later) { return is_same(later.parent, m_pieces[index].parent); });
}

std::vector<gathered_text::piece> gathered_text::take_all() {
    m_bytes = 0;
    return std::exchange(m_pieces, {});
}

std::vector<gathered_text::piece> gathered_text::take_lines(std::thread::id asking, clock::time_point now) {
    return take(nullptr, asking, now);
}

std::vector<gathered_text::piece> gathered_text::take_cell(const nlohmann::json& cell, std::thread::id asking,
                                                           clock::time_point now) {
    return take(&cell, asking, now);
}

std::vector<gathered_text::piece> gathered_text::take(const nlohmann::json* whole_cell, std::thread::id asking,
                                                      clock::time_point now) {
    std::vector<piece> held;
    for (std::size_t i = 0; i < m_pieces.size(); ++i) {
        piece& of = m_pieces[i];
        if (of.text.ends_with('\n') || of.writer == asking || now - of.line_began >= k_line_time ||
            (whole_cell != nullptr && *of.parent == *whole_cell) || !is_last_of_cell(i)) {
            continue;
        }
        const std::size_t line = of.text.rfind('\n') + 1; // 0 when there is no end of a line
        held.push_back(of);
        held.back().text.erase(0, line);
        of.text.erase(line);
    }
    std::vector<piece> taken = take_all();
    std::erase_if(taken, [](const piece& of) { return of.text.empty(); });
    for (const piece& of : held) {
        m_bytes += of.text.size();
    }
    m_pieces = std::move(held);
    return taken;
}

} // namespace xpar
