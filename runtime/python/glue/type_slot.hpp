// A function as an entry of PyType_Slot, which takes addresses of any kind.
#pragma once

namespace xpar {

template <class Function>
void* slot(Function* function) noexcept {
    return reinterpret_cast<void*>(function);
}

} // namespace xpar
