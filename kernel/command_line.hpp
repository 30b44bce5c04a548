// What the kernel was asked to do on its command line. Launchers pass flags meant for other Python kernels; they are
// ignored, except those that configure IPython. Not for the environment (embed.hpp, parent_watch.hpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xpar {

struct command_line {
    enum class action { run, version, help };

    action wanted = action::run;
    std::string connection_file;
    std::vector<std::string> ipython_options; // --Class.trait=value, as they came
};

// Throws std::invalid_argument, with the text for the user, when there is no connection file to run on.
command_line parse_command_line(int count, const char* const* arguments);

extern const std::string_view k_usage;

} // namespace xpar
