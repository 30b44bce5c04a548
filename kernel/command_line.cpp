#include "kernel/command_line.hpp"

#include <cctype>
#include <stdexcept>

namespace xpar {

namespace {

// --HistoryManager.hist_file=:memory: and the like: a capital, and a dot before the equals sign.
bool configures_ipython(std::string_view argument) {
    if (!argument.starts_with("--") || argument.size() < 3 ||
        std::isupper(static_cast<unsigned char>(argument[2])) == 0) {
        return false;
    }
    const std::size_t equals = argument.find('=');
    return equals != std::string_view::npos && argument.find('.') < equals;
}

} // namespace

const std::string_view k_usage =
    "usage: xparallel -f CONNECTION_FILE\n"
    "\n"
    "A Jupyter kernel for Python with parallel contexts. It is started by a Jupyter front\n"
    "end, which writes the connection file.\n"
    "\n"
    "  -f FILE, -f=FILE, --f=FILE   the connection file\n"
    "  --Class.trait=VALUE          an option of IPython\n"
    "  --version                    print the version and exit\n"
    "  --help                       print this and exit\n"
    "\n"
    "Other options are ignored.\n";

command_line parse_command_line(int count, const char* const* arguments) {
    command_line result;
    for (int i = 1; i < count; ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--version") {
            result.wanted = command_line::action::version;
            return result;
        }
        if (argument == "--help" || argument == "-h") {
            result.wanted = command_line::action::help;
            return result;
        }
        if (argument == "-f" || argument == "--f") {
            if (i + 1 < count) {
                result.connection_file = arguments[++i];
            }
        } else if (argument.starts_with("-f=") || argument.starts_with("--f=")) {
            result.connection_file = argument.substr(argument.find('=') + 1);
        } else if (configures_ipython(argument)) {
            result.ipython_options.emplace_back(argument);
        }
    }
    if (result.connection_file.empty()) {
        throw std::invalid_argument("xparallel: no connection file\n" + std::string(k_usage));
    }
    return result;
}

} // namespace xpar
