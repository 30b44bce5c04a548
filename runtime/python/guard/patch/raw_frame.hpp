// CPython 3.11's frames as they lie in memory, for what takes the place of an instruction.
#pragma once

#include "runtime/python/glue/compat.hpp"

namespace xpar::guard {

// The innermost Python frame of this thread; null when C code was called by C code.
inline _PyInterpreterFrame* current_frame() noexcept {
    const PyThreadState* const thread = current_thread();
    _PyInterpreterFrame* frame =
        thread != nullptr && thread->cframe != nullptr ? thread->cframe->current_frame : nullptr;
    while (frame != nullptr && _PyFrame_IsIncomplete(frame)) {
        frame = frame->previous;
    }
    return frame;
}

} // namespace xpar::guard
