// A work that waits runs nothing: its permit is another's meanwhile. When its wait is over it goes on at once, with a
// permit if there is one and without if not: what it waits for may have come from works that go on holding theirs. Its
// context gets no further work without. Around what sleeps, with the GIL released or not; does nothing outside of
// contexts.
#pragma once

#include "runtime/python/module/engine.hpp"

namespace xpar {

class permit_pause {
public:
    permit_pause() noexcept : p_leave(engine::get().self.is_copy ? nullptr : engine::get().self.leave) {
        if (p_leave != nullptr) {
            p_leave->release();
        }
    }
    ~permit_pause() {
        if (p_leave != nullptr) {
            (void)p_leave->acquire([] { return true; });
        }
    }
    permit_pause(const permit_pause&) = delete;
    permit_pause& operator=(const permit_pause&) = delete;

private:
    permit* p_leave;
};

} // namespace xpar
