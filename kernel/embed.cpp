#include "kernel/embed.hpp"

#include "pybind11/pybind11.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include <unistd.h>

namespace xpar {

namespace fs = std::filesystem;
namespace py = pybind11;

namespace {

constexpr const char* k_our_python = XPAR_PYTHON_EXECUTABLE;
constexpr const char* k_library = "lib/python" XPAR_PYTHON_VERSION;

// The value of `home` in a pyvenv.cfg: the folder of the Python that the environment was made with.
std::string read_home(const fs::path& configuration) {
    std::ifstream file(configuration);
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string key;
        std::string equals;
        std::string value;
        if (words >> key >> equals && key == "home" && equals == "=" && std::getline(words >> std::ws, value)) {
            return value;
        }
    }
    return "";
}

// Why the kernel cannot use a virtual environment; empty when it can. It can if the environment was made with the
// Python that is embedded here: libpython then finds its packages. Another Python has another standard library.
std::string find_obstacle(const fs::path& environment) {
    std::error_code failed; // a path that cannot be looked at counts as one that is not there
    if (!fs::is_directory(environment, failed)) {
        return "there is no such folder";
    }
    if (fs::exists(environment / "conda-meta", failed)) {
        return "it is an environment of conda, with a Python of its own";
    }
    if (!fs::exists(environment / "pyvenv.cfg", failed)) {
        return "it has no pyvenv.cfg, as virtual environments have";
    }
    const fs::path theirs = fs::canonical(environment / "bin" / "python", failed);
    if (failed) {
        return "it has no bin/python that can be run";
    }
    const bool is_copy = theirs.parent_path().parent_path() == fs::canonical(environment, failed);
    const std::string home = read_home(environment / "pyvenv.cfg");
    if (is_copy ? !fs::equivalent(home, fs::path(k_our_python).parent_path(), failed)
                : theirs != fs::canonical(k_our_python, failed)) {
        return "its Python is " + (is_copy ? "from " + home : theirs.string()) + " and this kernel's is " +
               k_our_python;
    }
    if (!fs::is_directory(environment / k_library, failed)) {
        return std::string("it has no ") + k_library + ": it was made for another version of Python";
    }
    return "";
}

struct choice {
    std::string executable;
    std::string ignored; // tells the user why VIRTUAL_ENV is not used; empty when there is nothing to tell
};

choice choose_python() {
    const char* const named = std::getenv("VIRTUAL_ENV");
    if (named == nullptr || *named == '\0') {
        return {k_our_python, ""};
    }
    const fs::path environment = fs::absolute(named);
    const std::string obstacle = find_obstacle(environment);
    if (obstacle.empty()) {
        return {environment / "bin" / "python", ""};
    }
    return {k_our_python, "The environment VIRTUAL_ENV=" + std::string(named) + " is not used, because " + obstacle +
                              "; make one with \"" + k_our_python + " -m venv FOLDER\", or unset VIRTUAL_ENV."};
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

embedded_python::embedded_python(int argument_count, char** arguments) {
    const fs::path packages = find_packages();
    const auto [executable, ignored] = choose_python();
    if (!ignored.empty()) {
        std::clog << "xparallel: " << ignored << '\n';
    }
    initialise(executable, argument_count, arguments);
    try {
        py::module_::import("sys").attr("path").attr("insert")(0, packages.string());
        py::module_::import("xparallel_kernel").attr("prepare")(packages.string(), XPAR_SYSTEM_PACKAGES, ignored);
    } catch (const py::error_already_set& error) {
        throw std::runtime_error(std::string("the kernel's Python packages cannot be loaded: ") + error.what());
    }
}

void embedded_python::finalise() {
    PyGILState_Ensure();
    Py_FinalizeEx();
}

} // namespace xpar
