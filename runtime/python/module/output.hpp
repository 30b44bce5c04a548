// What a context prints, cut into whole lines and reported to the main process in order.
// In a context, under the GIL.
#pragma once

#include "runtime/schedule/batch.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace xpar {

class context_output {
public:
    enum class stream { out, err };

    // The work (or queue) that is printing from here on.
    void begin(std::uint64_t subject) noexcept { m_subject = subject; }

    // UTF-8. Text after the last line feed stays until more comes, or flush().
    void write(stream to, std::string_view text);

    // Reports what is left of both streams, as a last line without its line feed.
    void flush();

private:
    void report(stream to, std::string_view text);

    // A line nobody ends is reported in pieces of this size.
    static constexpr std::size_t k_longest_line = 1 << 20;

    std::string m_pending[2];
    std::uint64_t m_subject = 0;
};

} // namespace xpar
