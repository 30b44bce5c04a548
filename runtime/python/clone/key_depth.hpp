// Bounds for keys of dicts and items of sets: hash() of a tuple asks its items, which recurses in C with no limit, and
// 200,000 levels leave a stack of 8 MB; an item that is there twice is asked two times, so that 60 levels of pairs may
// take for ever. Encoding and decoding refuse the same keys: what has been pushed can be read.
// Private to the codec; needs the GIL, runs no Python code.
#pragma once

#include <Python.h>

namespace xpar::clone {

inline constexpr int k_deepest_key = 10'000;
inline constexpr int k_largest_key = 10'000'000; // tuples in it, counted as often as hash() comes by: 0.06 s to look at

// False with a Python error set.
bool check_key_depth(PyObject* key) noexcept;

// What is no tuple need not be looked at: a frozenset knows its hash by the time it is complete.
inline bool may_be_hashed(PyObject* key) noexcept {
    return !PyTuple_CheckExact(key) || check_key_depth(key);
}

} // namespace xpar::clone
