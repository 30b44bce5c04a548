#include "runtime/python/clone/key_depth.hpp"

namespace xpar::clone {
namespace {

// Goes the way of hash(); `tuples_left` counts down.
bool is_too_much(PyObject* key, int levels, int& tuples_left) noexcept {
    if (!PyTuple_CheckExact(key)) {
        return false;
    }
    bool too_much = levels == 0 || --tuples_left < 0;
    for (Py_ssize_t i = 0; !too_much && i < PyTuple_GET_SIZE(key); ++i) {
        too_much = is_too_much(PyTuple_GET_ITEM(key, i), levels - 1, tuples_left);
    }
    return too_much;
}

} // namespace

bool check_key_depth(PyObject* key) noexcept {
    int tuples_left = k_largest_key;
    if (!is_too_much(key, k_deepest_key, tuples_left)) {
        return true;
    }
    if (tuples_left < 0) {
        PyErr_Format(PyExc_ValueError,
                     "a key that holds %d tuples, shared ones counted each time, cannot be cloned: hash() would take "
                     "too long; use a flat tuple, or str, as the key",
                     k_largest_key);
    } else {
        PyErr_Format(PyExc_ValueError,
                     "a key of more than %d tuples in one another cannot be cloned: hash() would overflow the stack; "
                     "use a flat tuple, or str, as the key",
                     k_deepest_key);
    }
    return false;
}

} // namespace xpar::clone
