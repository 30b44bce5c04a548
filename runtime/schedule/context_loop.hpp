// What a context does: takes works and queue items until nothing is left for it.
// Runs in a context, on its only thread.
#pragma once

#include "runtime/schedule/batch.hpp"

#include <cstdint>

namespace xpar {

// The layer above: how a work is run.
class work_runner {
public:
    work_runner() = default;
    work_runner(const work_runner&) = delete;
    work_runner& operator=(const work_runner&) = delete;
    virtual ~work_runner() = default;

    struct outcome {
        work_state state; // done, failed or cancelled
        std::uint64_t result;
    };

    virtual outcome run_work(std::uint64_t index) noexcept = 0;

    // False when the consumer raised; the runner has reported it.
    virtual bool run_item(std::uint32_t queue, std::uint64_t value) noexcept = 0;
};

// `leave` is the context's permit, from batch::permit_for. Works run with it, and the runner may release it while one
// waits; when there is nothing to do it is another's.
void run_context_loop(const batch& of, std::uint32_t slot, permit& leave, work_runner& runner) noexcept;

} // namespace xpar
