#include "runtime/python/guard/patch/patches.hpp"

namespace xpar::guard {

const char* find_patches() noexcept {
    return nullptr;
}

int find_type_slots(PyTypeObject*) noexcept {
    return 0;
}

status apply_patches(PyObject*, PyObject*) noexcept {
    return status::ok();
}

status look_at_all_stores_to_dicts() noexcept {
    return status::ok();
}

} // namespace xpar::guard
