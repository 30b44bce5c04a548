#include "runtime/python/guard/patch/patches.hpp"

#include "runtime/python/guard/patch/interpreter.hpp"
#include "runtime/python/guard/patch/name_deletes.hpp"
#include "runtime/python/guard/patch/name_stores.hpp"
#include "runtime/python/guard/patch/type_slots.hpp"

namespace xpar::guard {

const char* find_patches() noexcept {
    if (!make_deleted_name_types()) {
        PyErr_Clear();
        return "there is no memory for it";
    }
    return find_interpreter(set_attribute, store_or_display);
}

status apply_patches(PyObject* tasks, PyObject* consumers) noexcept {
    if (status patched = patch_interpreter(); !patched) {
        return patched;
    }
    guard_type_slots();
    guard_deletes(tasks, consumers);
    return status::ok();
}

} // namespace xpar::guard
