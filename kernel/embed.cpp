#include "kernel/embed.hpp"

#include "pybind11/pybind11.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <unistd.h>

namespace xpar {

namespace fs = std::filesystem;
namespace py = pybind11;

namespace {

// The interpreter of the active virtual environment if it is a link to ours: then our library finds everything of the
// environment. Any other (conda's, another version's) has a standard library that is not ours; it is left alone.
std::string choose_executable() {
    const fs::path ours = XPAR_PYTHON_EXECUTABLE;
    const char* const environment = std::getenv("VIRTUAL_ENV");
    if (environment == nullptr || *environment == '\0') {
        return ours;
    }
    const fs::path theirs = fs::path(environment) / "bin" / "python";
    std::error_code failed;
    const bool is_ours = fs::exists(fs::path(environment) / "pyvenv.cfg", failed) &&
                         fs::canonical(theirs, failed) == fs::canonical(ours, failed) && !failed;
    return is_ours ? theirs : ours;
}

// Packages of this project: beside the executable's folder in the build tree, under the prefix when installed.
fs::path find_packages() {
    const fs::path root = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
    for (const char* const place : {"python", XPAR_INSTALLED_PACKAGES}) {
        if (fs::exists(root / place / "xparallel_kernel" / "__init__.py")) {
            return root / place;
        }
    }
    throw std::runtime_error("the Python package xparallel_kernel is neither in " + (root / "python").string() +
                             " nor in " + (root / XPAR_INSTALLED_PACKAGES).string());
}

void check(const PyStatus& status) {
    if (PyStatus_Exception(status) != 0) {
        throw std::runtime_error(std::string("Python did not start: ") +
                                 (status.err_msg != nullptr ? status.err_msg : "it asked to exit"));
    }
}

void initialise(const std::string& executable, int argument_count, char** arguments) {
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    struct clear_at_exit {
        PyConfig* config;
        ~clear_at_exit() { PyConfig_Clear(config); }
    } const cleared{&config};
    config.parse_argv = 0; // our options are not Python's
    check(PyConfig_SetBytesString(&config, &config.program_name, executable.c_str()));
    check(PyConfig_SetBytesString(&config, &config.executable, executable.c_str()));
    check(PyConfig_SetBytesArgv(&config, argument_count, arguments));
    check(Py_InitializeFromConfig(&config));
}

} // namespace

void prepare_environment() {
    constexpr std::array<std::array<const char*, 2>, 6> k_always{{{"TERM", "xterm-color"},
                                                                  {"CLICOLOR", "1"},
                                                                  {"CLICOLOR_FORCE", "1"},
                                                                  {"FORCE_COLOR", "1"},
                                                                  {"PAGER", "cat"},
                                                                  {"GIT_PAGER", "cat"}}};
    for (const auto& [name, value] : k_always) {
        ::setenv(name, value, 1);
    }
    const char* const backend = std::getenv("MPLBACKEND");
    if (backend == nullptr || *backend == '\0') {
        ::setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline", 1);
    }
}

embedded_python::embedded_python(int argument_count, char** arguments) : m_executable(choose_executable()) {
    const fs::path packages = find_packages();
    initialise(m_executable, argument_count, arguments);
    try {
        py::module_::import("sys").attr("path").attr("insert")(0, packages.string());
        py::module_::import("xparallel_kernel").attr("prepare")(packages.string(), XPAR_SYSTEM_PACKAGES);
    } catch (const py::error_already_set& error) {
        throw std::runtime_error(std::string("the kernel's Python packages cannot be loaded: ") + error.what());
    }
}

void embedded_python::finalise() {
    PyGILState_Ensure();
    Py_FinalizeEx();
}

} // namespace xpar
