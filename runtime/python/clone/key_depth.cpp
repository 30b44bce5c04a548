#include "runtime/python/clone/key_depth.hpp"

namespace xpar::clone {
namespace {

bool is_too_deep(PyObject* key, int levels) noexcept {
    if (!PyTuple_CheckExact(key)) {
        return false;
    }
    bool too_deep = levels == 0;
    for (Py_ssize_t i = 0; !too_deep && i < PyTuple_GET_SIZE(key); ++i) {
        too_deep = is_too_deep(PyTuple_GET_ITEM(key, i), levels - 1);
    }
    return too_deep;
}

} // namespace

bool check_key_depth(PyObject* key) noexcept {
    if (!is_too_deep(key, k_deepest_key)) {
        return true;
    }
    PyErr_Format(PyExc_ValueError,
                 "a key of more than %d tuples in one another cannot be cloned: hash() would overflow the stack; "
                 "use a flat tuple, or str, as the key",
                 k_deepest_key);
    return false;
}

} // namespace xpar::clone
