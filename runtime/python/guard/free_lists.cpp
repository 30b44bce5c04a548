#include "runtime/python/guard/free_lists.hpp"

#include "runtime/python/glue/context_allocator.hpp"

#include <utility>

namespace xpar::guard {
namespace {

// Lists and dicts that die are kept for reuse by CPython. One of the snapshot must not be: it would look like the main
// thread's.
template <destructor* Original, bool (*IsExact)(PyObject*)>
void deallocate(PyObject* object) {
    if (is_context_object(object) || !IsExact(object)) {
        (*Original)(object);
        return;
    }
    // The same without the reuse: its memory would not be given back in any case.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast" // in CPython's macros
    PyObject_GC_UnTrack(object);
    [[maybe_unused]] const destructor self = deallocate<Original, IsExact>;
    Py_TRASHCAN_BEGIN(object, self);
    (void)Py_TYPE(object)->tp_clear(object);
    Py_TRASHCAN_END;
#pragma GCC diagnostic pop
}

destructor s_list_dealloc = nullptr;
destructor s_dict_dealloc = nullptr;
bool is_list(PyObject* object) {
    return PyList_CheckExact(object);
}
bool is_dict(PyObject* object) {
    return PyDict_CheckExact(object);
}

} // namespace

void keep_free_lists_clean() noexcept {
    if (s_list_dealloc == nullptr) {
        s_list_dealloc = std::exchange(PyList_Type.tp_dealloc, deallocate<&s_list_dealloc, is_list>);
        s_dict_dealloc = std::exchange(PyDict_Type.tp_dealloc, deallocate<&s_dict_dealloc, is_dict>);
    }
}

} // namespace xpar::guard
