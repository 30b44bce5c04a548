// What a context prints, cut into whole lines and reported to the main process in order.
#pragma once

#include "runtime/schedule/batch.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xpar {

// Pieces of text in, whole lines out.
class line_gatherer {
public:
    // UTF-8. What can be reported by now; text after the last line feed stays until more comes, or take_rest().
    std::string add(std::string_view text);

    // What is left, as a last line without its line feed.
    std::string take_rest();

private:
    // A line nobody ends is reported in pieces of this size.
    static constexpr std::size_t k_longest_line = 1 << 20;

    std::string m_pending;
};

// In a context, under the GIL.
class context_output {
public:
    enum class stream { out, err };

    // The work (or queue) that is printing from here on.
    void begin(std::uint64_t subject) noexcept;

    // Reported after what C code has written to the descriptors before.
    void write(stream to, std::string_view text);

    // A message: a value in the batch's heap. It comes after what was printed before.
    void tell(std::uint64_t value);

    // Reports what is left of both streams, and has what C code has written reported.
    void flush();

private:
    void report(stream to, const std::string& text) const;

    line_gatherer m_lines[2];
    std::uint64_t m_subject = 0;
    std::uint64_t m_begun_ns = 0;
};

// In the zygote: what contexts have written to descriptors 1 and 2, past their streams.
class descriptor_output {
public:
    explicit descriptor_output(const batch& of) : m_batch(of) {}

    void add(std::uint32_t slot, int descriptor, std::string_view text);

    // The process in this slot is gone.
    void end(std::uint32_t slot);

    // The end of what the last work of this slot has written to descriptor 2.
    std::string_view tail(std::uint32_t slot) noexcept { return of(slot).tail; }

private:
    static constexpr std::size_t k_tail_bytes = 4096;

    struct slot_output {
        line_gatherer lines[2];
        std::string tail;
        std::uint64_t subject = 0;
    };

    slot_output& of(std::uint32_t slot);
    void report(std::uint32_t slot, int descriptor, const std::string& text) const;

    batch m_batch;
    std::vector<slot_output> m_slots;
};

} // namespace xpar
