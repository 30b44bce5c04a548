// Whose code a change comes from. The frame is asked for only when something is about to be refused.
#pragma once

#include "runtime/python/glue/frame.hpp"

#include <cstdint>
#include <vector>

namespace xpar::guard {

// In the order of what they may do: the user's code answers for everything, ours for nothing.
enum class origin : std::uint8_t {
    user,        // cells, scripts, modules of a project
    third_party, // installed packages
    standard,    // the standard library
    machinery,   // importlib
    own,         // this package, and the kernel's
};

// What the user has said of his folders: a tuple of (path prefix, is it the user's or else a library's), those first
// that decide. It comes before what know_paths() says.
void know_projects(PyObject* rules) noexcept;

// Tuples of str: path prefixes of this project and of the standard library, and how folders of installed packages are
// called, wherever they are, with a slash at the end. All other files are the user's. Borrowed for good.
void know_paths(PyObject* own, PyObject* library_folders, PyObject* standard) noexcept;

origin origin_of(const frame& running) noexcept;
origin origin_of(PyCodeObject* code, PyObject* globals) noexcept;

// By path alone.
origin origin_of_file(PyObject* path) noexcept;

// Of a module by its `__file__`; what has none is built in, but for `__main__`.
origin origin_of_module(PyObject* module_dict) noexcept;

// Dicts of the modules that are the user's; borrowed. Found by find_user_modules() in the main process, and again
// whenever sys.modules has changed since.
const std::vector<PyObject*>& find_user_modules();

// Defined by the user's code? Builtin and extension types are not.
bool is_user_type(PyTypeObject* type) noexcept;

// Is it a function in Python of the standard library or of a package?
bool is_of_library(PyObject* function) noexcept;

// Is "module:qualified.name" of its function, or "module:*", in this set of str?
bool is_named_in(PyObject* names, const frame& running) noexcept;

bool is_named_in(PyObject* names, PyObject* globals, PyCodeObject* code) noexcept;

// The same of functions of which this set says the plain name, or how names begin in a package: "package:set_*".
bool is_called_as_in(PyObject* names, PyObject* globals, PyCodeObject* code) noexcept;

// The function that a decorator has put this frame's in front of, by functools.wraps(): one of its free variables.
// Borrowed; null when there is none.
PyObject* decorated_by(const frame& running) noexcept;

// What functools.wraps() says is behind a function: itself, where it says nothing. Borrowed.
PyObject* without_decorators(PyObject* function) noexcept;

// Does it run the setter or deleter of a property that this object has?
bool is_setter_of(PyObject* object, const frame& running) noexcept;

// `self` of a method, or any first argument, also of `*args`; borrowed, null when there is none.
PyObject* first_argument(const frame& running) noexcept;

// Is the frame in the middle of a statement that stores or deletes an attribute or item, by calling a function that
// implements it?
bool is_storing(const frame& running) noexcept;

} // namespace xpar::guard
