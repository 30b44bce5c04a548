// What contexts and the zygote tell the main process, as values of the batch's report list.
#pragma once

#include "runtime/memory/region.hpp"

#include <cstdint>

namespace xpar {

// A report is 8 bytes: what it is in the low three bits, a work's index or a record's offset above.
enum class report_kind : std::uint64_t { work_ended = 1, record = 2 };

constexpr std::uint64_t report_work_ended(std::uint64_t index) noexcept {
    return index << 3 | static_cast<std::uint64_t>(report_kind::work_ended);
}
constexpr std::uint64_t report_record(region_offset offset) noexcept {
    return offset | static_cast<std::uint64_t>(report_kind::record); // records are 8-aligned
}
constexpr report_kind kind_of(std::uint64_t report) noexcept {
    return static_cast<report_kind>(report & 7);
}
constexpr std::uint64_t work_of(std::uint64_t report) noexcept {
    return report >> 3;
}
constexpr region_offset record_of(std::uint64_t report) noexcept {
    return report & ~std::uint64_t{7};
}

enum class record_kind : std::uint32_t {
    stdout_text,  // body: UTF-8
    stderr_text,  // body: UTF-8
    item_failed,  // body: u64 list-slot value of the error; `subject` is the queue's number
    item_crashed, // body: u64 wait status
    message,      // body: u64 list-slot value of what the layer above makes of it
    last_output,  // body: UTF-8, the end of what a crashed work has written to descriptor 2
    heap_census,  // body: u64 list-slot value of what the layer above counted; `subject` is the context's slot
};

// Followed by `size` bytes. Written once, before it is published; constant after.
struct report_record_shm {
    record_kind kind;
    std::uint32_t slot;
    std::uint64_t subject; // the work's index, or the queue's number
    std::uint64_t size;

    const char* body() const noexcept { return reinterpret_cast<const char*>(this + 1); }
    char* body() noexcept { return reinterpret_cast<char*>(this + 1); }
};
static_assert(sizeof(report_record_shm) == 24);

} // namespace xpar
