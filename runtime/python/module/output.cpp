#include "runtime/python/module/output.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/process/descriptor_pipes.hpp"
#include "runtime/python/module/engine.hpp"

#include <cstdio>
#include <cstring>
#include <utility>

namespace xpar {
namespace {

// Looking into the pipes takes two system calls. A work that took less has hardly written anything to them, and if it
// has, that is only reported as a later work's, in the same cell.
constexpr std::uint64_t k_worth_looking_ns = 20'000;

void send(const batch& of, std::uint32_t slot, bool to_stderr, std::uint64_t subject, const std::string& text) {
    if (text.empty()) {
        return;
    }
    // A full region loses the line; the work itself meets the same wall as a MemoryError with its next push or result.
    (void)of.report_record(engine::get().batch_cursor(of),
                           to_stderr ? record_kind::stderr_text : record_kind::stdout_text, slot, subject, text);
}

} // namespace

std::string line_gatherer::add(std::string_view text) {
    const std::size_t line_end = text.rfind('\n');
    if (line_end == std::string_view::npos) {
        m_pending.append(text);
        return m_pending.size() >= k_longest_line ? take_rest() : std::string();
    }
    std::string lines = std::exchange(m_pending, std::string(text.substr(line_end + 1)));
    lines.append(text.substr(0, line_end + 1));
    return lines;
}

std::string line_gatherer::take_rest() {
    return std::exchange(m_pending, std::string());
}

// ---- streams of Python ----------------------------------------------------------------------------------------------

void context_output::begin(std::uint64_t subject) noexcept {
    m_subject = subject;
    m_begun_ns = monotonic_ns();
}

void context_output::write(stream to, std::string_view text) {
    const std::string lines = m_lines[static_cast<int>(to)].add(text);
    if (!lines.empty()) {
        std::fflush(stdout);
        await_descriptors_read_child();
        report(to, lines);
    }
}

void context_output::tell(std::uint64_t value) {
    m_begun_ns = 0;
    flush();
    const context_self& self = engine::get().self;
    char body[sizeof value];
    std::memcpy(body, &value, sizeof body);
    (void)self.of->report_record(engine::get().batch_cursor(*self.of), record_kind::message, self.slot, m_subject,
                                 {body, sizeof body});
}

void context_output::flush() {
    std::fflush(stdout);
    if (monotonic_ns() - m_begun_ns > k_worth_looking_ns) {
        await_descriptors_read_child();
    }
    for (const stream to : {stream::out, stream::err}) {
        report(to, m_lines[static_cast<int>(to)].take_rest());
    }
}

void context_output::report(stream to, const std::string& text) const {
    const context_self& self = engine::get().self;
    send(*self.of, self.slot, to == stream::err, m_subject, text);
}

// ---- descriptors ----------------------------------------------------------------------------------------------------

descriptor_output::slot_output& descriptor_output::of(std::uint32_t slot) {
    m_slots.resize(m_batch.group().context_count);
    return m_slots[slot];
}

void descriptor_output::add(std::uint32_t slot, int descriptor, std::string_view text) {
    slot_output& output = of(slot);
    const context_shm& context = m_batch.context(slot);
    const std::uint64_t current = context.current.load(std::memory_order_acquire);
    const std::uint32_t queue = context.queue.load(std::memory_order_acquire);
    const std::uint64_t subject = current != 0 ? current - 1
                                  : queue != 0 ? m_batch.shared().queues[queue - 1].work
                                               : output.subject;
    if (subject != output.subject) {
        output.subject = subject;
        output.tail.clear();
    }
    if (descriptor == 2) {
        output.tail.append(text);
        if (output.tail.size() > 2 * k_tail_bytes) {
            output.tail.erase(0, output.tail.size() - k_tail_bytes);
        }
    }
    report(slot, descriptor, output.lines[descriptor - 1].add(text));
}

void descriptor_output::end(std::uint32_t slot) {
    for (const int descriptor : {1, 2}) {
        report(slot, descriptor, of(slot).lines[descriptor - 1].take_rest());
    }
}

void descriptor_output::report(std::uint32_t slot, int descriptor, const std::string& text) const {
    send(m_batch, slot, descriptor == 2, m_slots[slot].subject, text);
}

} // namespace xpar
