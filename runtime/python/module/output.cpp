#include "runtime/python/module/output.hpp"

#include "runtime/python/module/engine.hpp"

namespace xpar {

void context_output::write(stream to, std::string_view text) {
    std::string& pending = m_pending[static_cast<int>(to)];
    const std::size_t line_end = text.rfind('\n');
    if (line_end == std::string_view::npos) {
        pending.append(text);
        if (pending.size() >= k_longest_line) {
            report(to, pending);
            pending.clear();
        }
        return;
    }
    pending.append(text.substr(0, line_end + 1));
    report(to, pending);
    pending.assign(text.substr(line_end + 1));
}

void context_output::flush() {
    for (const stream to : {stream::out, stream::err}) {
        std::string& pending = m_pending[static_cast<int>(to)];
        if (!pending.empty()) {
            report(to, pending);
            pending.clear();
        }
    }
}

void context_output::report(stream to, std::string_view text) {
    engine& e = engine::get();
    const batch& of = *e.self.of;
    const record_kind kind = to == stream::out ? record_kind::stdout_text : record_kind::stderr_text;
    // A full region loses the line; the work itself meets the same wall as a MemoryError with its next push or result.
    (void)of.report_record(e.batch_cursor(of), kind, e.self.slot, m_subject, text);
}

} // namespace xpar
