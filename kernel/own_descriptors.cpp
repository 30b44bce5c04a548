#include "kernel/own_descriptors.hpp"

#include "kernel/kernel_process.hpp"

#include "pybind11/pybind11.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xpar {

namespace {

// A number may be closed by whoever opened it, and given to another file.
struct identity {
    dev_t device;
    ino_t file;
    bool operator==(const identity&) const = default;
};

std::map<int, identity> s_own;
std::map<int, identity> s_others;
// What threads of the kernel open later: connections have the address of the socket that listens; the journals of a
// database begin with its name and a dash, and its folder is opened to be synchronised.
std::vector<std::string> s_listening;
std::vector<std::string> s_journals;
std::vector<std::string> s_folders;

std::optional<identity> identity_of(int descriptor) {
    struct stat status{};
    if (::fstat(descriptor, &status) != 0) {
        return std::nullopt;
    }
    return identity{status.st_dev, status.st_ino};
}

std::vector<int> open_descriptors() {
    std::vector<int> found;
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc/self/fd"), ::closedir);
    while (const dirent* const entry = directory ? ::readdir(directory.get()) : nullptr) {
        const std::string_view name = entry->d_name;
        int number = -1;
        if (std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc{} &&
            number != ::dirfd(directory.get())) {
            found.push_back(number);
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

// Where a socket is reached: a port, as the address of a connection can be more precise than that of the socket that
// listens; or the path. Empty when it is no socket, or not bound.
std::string local_address(int descriptor) {
    sockaddr_storage address{};
    socklen_t bytes = sizeof address;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &bytes) != 0 ||
        bytes <= sizeof address.ss_family) {
        return {};
    }
    if (address.ss_family == AF_INET || address.ss_family == AF_INET6) {
        // Both begin with the family and the port.
        const unsigned port = ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
        return port != 0 ? std::to_string(port) : std::string();
    }
    return {reinterpret_cast<const char*>(&address), bytes};
}

bool is_listening(int descriptor) {
    int listens = 0;
    socklen_t bytes = sizeof listens;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &bytes) == 0 && listens != 0;
}

// Empty when it is no file or folder.
std::string path_of(int descriptor) {
    struct stat status{};
    if (::fstat(descriptor, &status) != 0 || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
        return {};
    }
    std::array<char, PATH_MAX> path{};
    const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
    const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
    return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : std::string();
}

bool has(const std::map<int, identity>& all, int descriptor) {
    const auto found = all.find(descriptor);
    return found != all.end() && identity_of(descriptor) == found->second;
}

bool is_own(int descriptor) {
    if (descriptor <= STDERR_FILENO) {
        return false; // cells have their own ways with these (captured_output)
    }
    if (has(s_own, descriptor)) {
        return true;
    }
    const std::string address = local_address(descriptor);
    if (!address.empty()) {
        return std::find(s_listening.begin(), s_listening.end(), address) != s_listening.end();
    }
    const std::string path = path_of(descriptor);
    return std::find(s_folders.begin(), s_folders.end(), path) != s_folders.end() ||
           std::any_of(s_journals.begin(), s_journals.end(),
                       [&](const auto& begins) { return path.starts_with(begins); });
}

// ---- what os.close and os.closerange call ---------------------------------------------------------------------------

using fast_method = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
using plain_method = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t);

fast_method s_close = nullptr;
plain_method s_close_range = nullptr;

// Anything else is the original's to judge.
std::optional<int> as_descriptor(PyObject* object) {
    int overflow = 0;
    const long value = PyLong_Check(object) != 0 ? PyLong_AsLongAndOverflow(object, &overflow) : -1;
    const bool fits = overflow == 0 && value >= 0 && value <= std::numeric_limits<int>::max();
    return fits ? std::optional(static_cast<int>(value)) : std::nullopt;
}

PyObject* close_one(PyObject* module, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    const Py_ssize_t given = count + (names != nullptr ? PyTuple_GET_SIZE(names) : 0); // it may be named
    const auto wanted = given == 1 && is_kernel_process() ? as_descriptor(arguments[0]) : std::nullopt;
    // Not open now: a thread of the kernel might open it before it is closed.
    if (wanted && *wanted > STDERR_FILENO && (!identity_of(*wanted) || is_own(*wanted))) {
        errno = EBADF;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    return s_close(module, arguments, count, names);
}

PyObject* close_many(PyObject* module, PyObject* const* arguments, Py_ssize_t count) {
    const auto first = count == 2 && is_kernel_process() ? as_descriptor(arguments[0]) : std::nullopt;
    const auto last = first ? as_descriptor(arguments[1]) : std::nullopt;
    if (!last) {
        return s_close_range(module, arguments, count);
    }
    for (const int descriptor : open_descriptors()) {
        if (descriptor >= *first && descriptor < *last && !is_own(descriptor)) {
            ::close(descriptor);
        }
    }
    Py_RETURN_NONE;
}

template <class Method>
Method replace(const char* name, int convention, Method by) {
    const pybind11::object function = pybind11::module_::import("posix").attr(name);
    PyMethodDef* const definition = reinterpret_cast<PyCFunctionObject*>(function.ptr())->m_ml;
    if (PyCFunction_Check(function.ptr()) == 0 || definition->ml_flags != convention) {
        throw std::runtime_error(std::string("os.") + name + " is not the function that CPython 3.11 has");
    }
    const auto before = reinterpret_cast<Method>(reinterpret_cast<void (*)()>(definition->ml_meth));
    definition->ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(by));
    return before;
}

} // namespace

void add_own_descriptors() {
    for (const int descriptor : open_descriptors()) {
        const auto now = identity_of(descriptor);
        if (now && !has(s_others, descriptor)) {
            s_own[descriptor] = *now;
        }
    }
}

void note_other_descriptors() {
    for (const int descriptor : open_descriptors()) {
        const auto now = identity_of(descriptor);
        if (now && !has(s_own, descriptor)) {
            s_others[descriptor] = *now;
        }
    }
}

void keep_own_descriptors() {
    const pybind11::gil_scoped_acquire gil;
    add_own_descriptors();
    for (const auto& [descriptor, of] : s_own) {
        if (is_listening(descriptor)) {
            s_listening.push_back(local_address(descriptor));
        } else if (const std::string path = path_of(descriptor); path.ends_with(".sqlite")) {
            s_journals.push_back(path + "-");
            s_folders.push_back(path.substr(0, path.rfind('/')));
        }
    }
    s_close = replace<fast_method>("close", METH_FASTCALL | METH_KEYWORDS, close_one);
    s_close_range = replace<plain_method>("closerange", METH_FASTCALL, close_many);
}

} // namespace xpar
