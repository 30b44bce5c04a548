// Decoding of everything that is complete once its bytes are read: no containers, no references. Private to decode().
#pragma once

#include "runtime/python/clone/record_reader.hpp"

#include <Python.h>

namespace xpar::clone {

// The object of which the tag byte has just been read. New reference; nullptr with a Python error set, or without one,
// which means that the record is damaged (an unknown tag included).
PyObject* decode_scalar(record_reader& from, tag what) noexcept;

} // namespace xpar::clone
