// The connection file, in which Jupyter tells a kernel its ports and its key.
#pragma once

#include "kernel/xeus_compat.hpp"

#include <string>

namespace xpar {

// Throws std::runtime_error, naming the file and what is wrong with it.
configuration read_connection_file(const std::string& name);

} // namespace xpar
