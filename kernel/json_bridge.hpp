// Python values as message contents and back. Under the GIL.
#pragma once

#include "nlohmann/json.hpp"
#include "pybind11/pybind11.h"
#include "xeus/xmessage.hpp"

#include <string>

namespace xpar {

// A str as UTF-8; what UTF-8 cannot say (lone surrogates) becomes question marks.
std::string to_utf8(pybind11::handle text);

// None, bool, int, float, str, bytes (as base64), mappings with any keys, sequences and sets; numbers and dates of
// other types by their value. An int beyond 64 bits becomes the nearest double, which is what front ends read it as.
// Throws pybind11::error_already_set: TypeError for anything else, RecursionError for cycles.
nlohmann::json to_json(pybind11::handle value);

pybind11::object to_python(const nlohmann::json& value);

// Binary buffers of a message: None or an iterable of objects with the buffer protocol; memoryviews on the way in.
xeus::buffer_sequence to_buffers(pybind11::handle buffers);
pybind11::list to_memoryviews(const xeus::buffer_sequence& buffers);

} // namespace xpar
