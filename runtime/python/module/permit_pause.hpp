// A work that waits runs nothing: its permit is another's meanwhile.
// Around what sleeps, with the GIL released or not; does nothing outside of contexts.
#pragma once

#include "runtime/python/module/engine.hpp"

namespace xpar {

class permit_pause {
public:
    permit_pause() noexcept : p_leave(engine::get().self.is_copy ? nullptr : engine::get().self.leave) {
        if (p_leave != nullptr && p_leave->is_held()) {
            p_leave->release();
        } else {
            p_leave = nullptr;
        }
    }
    ~permit_pause() {
        if (p_leave != nullptr) {
            const batch& of = *engine::get().self.of;
            // A work that is stopped goes on without: it is about to end.
            (void)p_leave->acquire([&of] {
                return of.stopping() || of.turn_stopped(engine::get().self.slot) != stop_reason::none;
            });
        }
    }
    permit_pause(const permit_pause&) = delete;
    permit_pause& operator=(const permit_pause&) = delete;

private:
    permit* p_leave;
};

} // namespace xpar
