#include "runtime/python/guard/frames.hpp"

#include "runtime/python/glue/reference.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace xpar::guard {
namespace {

PyObject* s_projects = nullptr;
PyObject* s_own = nullptr;
PyObject* s_library_folders = nullptr;
PyObject* s_standard = nullptr;
std::uint64_t s_modules_version = 0; // of sys.modules when find_user_modules() looked; 0: it must look again

bool is_under_folder(PyObject* path, PyObject* prefix) noexcept {
    return PyUnicode_Tailmatch(path, prefix, 0, PY_SSIZE_T_MAX, -1) == 1;
}

bool is_under(PyObject* path, PyObject* prefixes) noexcept {
    if (prefixes == nullptr) {
        return false;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(prefixes); ++i) {
        if (is_under_folder(path, PyTuple_GET_ITEM(prefixes, i))) {
            return true;
        }
    }
    return false;
}

// Is one of the folders on the way to `path` called so? The names end in a slash.
bool is_in_folder_named(PyObject* path, PyObject* names) noexcept {
    if (names == nullptr) {
        return false;
    }
    const Py_ssize_t length = PyUnicode_GET_LENGTH(path);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); ++i) {
        PyObject* const name = PyTuple_GET_ITEM(names, i);
        for (Py_ssize_t at = 0; (at = PyUnicode_Find(path, name, at, length, 1)) >= 0; ++at) {
            if (at == 0 || PyUnicode_READ_CHAR(path, at - 1) == '/') {
                return true;
            }
        }
    }
    return false;
}

origin origin_of_path(PyObject* path) noexcept {
    if (is_under(path, s_own)) {
        return origin::own;
    }
    for (Py_ssize_t i = 0; s_projects != nullptr && i < PyTuple_GET_SIZE(s_projects); ++i) {
        PyObject* const rule = PyTuple_GET_ITEM(s_projects, i);
        if (is_under_folder(path, PyTuple_GET_ITEM(rule, 0))) {
            return PyTuple_GET_ITEM(rule, 1) == Py_True ? origin::user : origin::third_party;
        }
    }
    if (is_in_folder_named(path, s_library_folders)) {
        return origin::third_party;
    }
    return is_under(path, s_standard) ? origin::standard : origin::user;
}

bool starts_with(PyObject* text, std::string_view prefix) noexcept {
    Py_ssize_t length = 0;
    const char* const bytes = PyUnicode_AsUTF8AndSize(text, &length);
    if (bytes == nullptr) {
        PyErr_Clear();
        return false;
    }
    return std::string_view(bytes, static_cast<std::size_t>(length)).starts_with(prefix);
}

// Null when it is no str.
const char* text_of(PyObject* object) noexcept {
    const char* const text = object != nullptr && PyUnicode_Check(object) ? PyUnicode_AsUTF8(object) : nullptr;
    PyErr_Clear();
    return text;
}

bool is_generated(PyCodeObject* code) noexcept {
    PyObject* const path = code->co_filename;
    return PyUnicode_GET_LENGTH(path) != 0 && PyUnicode_READ_CHAR(path, 0) == '<' && !starts_with(path, "<frozen ");
}

// Code that has no file: compiled from a string by whoever is named in its globals.
origin origin_of_generated(PyObject* globals) noexcept {
    PyObject* const name = globals != nullptr ? PyDict_GetItemString(globals, "__name__") : nullptr;
    if (name == nullptr || !PyUnicode_Check(name)) {
        return origin::user;
    }
    PyObject* const module = PyDict_GetItemWithError(PyImport_GetModuleDict(), name);
    return module != nullptr && PyModule_Check(module) ? origin_of_module(PyModule_GetDict(module)) : origin::user;
}

} // namespace

void know_projects(PyObject* rules) noexcept {
    Py_XSETREF(s_projects, Py_NewRef(rules));
    s_modules_version = 0;
}

void know_paths(PyObject* own, PyObject* library_folders, PyObject* standard) noexcept {
    Py_XSETREF(s_own, Py_NewRef(own));
    Py_XSETREF(s_library_folders, Py_NewRef(library_folders));
    Py_XSETREF(s_standard, Py_NewRef(standard));
}

origin origin_of(const frame& running) noexcept {
    // In globals that belong to no module, whoever has it run: Cython's modules adapt others so while they are
    // imported.
    if (is_generated(running.code()) && PyDict_GetItemString(running.globals(), "__name__") == nullptr) {
        const frame caller = running.caller();
        return caller ? origin_of(caller) : origin::user;
    }
    return origin_of(running.code(), running.globals());
}

origin origin_of(PyCodeObject* code, PyObject* globals) noexcept {
    if (is_generated(code)) {
        return origin_of_generated(globals);
    }
    PyObject* const path = code->co_filename;
    if (starts_with(path, "<frozen ")) { // parts of the standard library that are built in, importlib among them
        const bool is_machinery = starts_with(path, "<frozen importlib") || starts_with(path, "<frozen zipimport");
        return is_machinery ? origin::machinery : origin::standard;
    }
    return origin_of_path(path);
}

origin origin_of_file(PyObject* path) noexcept {
    return origin_of_path(path);
}

bool is_of_library(PyObject* function) noexcept {
    const auto* const known = reinterpret_cast<PyFunctionObject*>(function);
    const origin whose = origin_of(reinterpret_cast<PyCodeObject*>(known->func_code), known->func_globals);
    return whose == origin::standard || whose == origin::third_party;
}

origin origin_of_module(PyObject* module_dict) noexcept {
    PyObject* const file = PyDict_GetItemString(module_dict, "__file__");
    if (file != nullptr && PyUnicode_Check(file)) {
        return origin_of_path(file);
    }
    PyObject* const name = PyDict_GetItemString(module_dict, "__name__");
    const bool is_main =
        name != nullptr && PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, "__main__") == 0;
    return is_main ? origin::user : origin::standard;
}

const std::vector<PyObject*>& find_user_modules() {
    static std::vector<PyObject*> found;
    PyObject* const modules = PyImport_GetModuleDict();
    if (const std::uint64_t now = version_of_modules(); s_modules_version != now) {
        s_modules_version = now;
    } else {
        return found;
    }
    found.clear();
    PyObject* key = nullptr;
    PyObject* module = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(modules, &at, &key, &module) != 0;) {
        if (PyModule_Check(module) && origin_of_module(PyModule_GetDict(module)) == origin::user) {
            found.push_back(PyModule_GetDict(module));
        }
    }
    return found;
}

bool is_user_type(PyTypeObject* type) noexcept {
    if ((type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0) {
        return false;
    }
    PyObject* const name = PyDict_GetItemString(dict_of(type), "__module__");
    if (name == nullptr || !PyUnicode_Check(name)) {
        return false;
    }
    if (PyUnicode_CompareWithASCIIString(name, "__main__") == 0) {
        return true;
    }
    PyObject* const module = PyDict_GetItemWithError(PyImport_GetModuleDict(), name);
    return module != nullptr && PyModule_Check(module) && origin_of_module(PyModule_GetDict(module)) == origin::user;
}

bool is_named_in(PyObject* names, const frame& running) noexcept {
    return is_named_in(names, running.globals(), running.code());
}

bool is_named_in(PyObject* names, PyObject* globals, PyCodeObject* code) noexcept {
    PyObject* const module = PyDict_GetItemString(globals, "__name__");
    if (module == nullptr) {
        return false;
    }
    const reference function(PyUnicode_FromFormat("%S:%U", module, code->co_qualname));
    const reference all(PyUnicode_FromFormat("%S:*", module));
    const bool found =
        function && all && (PySet_Contains(names, function.get()) == 1 || PySet_Contains(names, all.get()) == 1);
    PyErr_Clear();
    return found;
}

bool is_called_as_in(PyObject* names, PyObject* globals, PyCodeObject* code) noexcept {
    if (PySet_Contains(names, code->co_name) == 1) {
        return true;
    }
    const char* const module = text_of(PyDict_GetItemString(globals, "__name__"));
    const char* const name = text_of(code->co_name);
    const char* const rest = name != nullptr && *name != '_' ? std::strchr(name, '_') : nullptr;
    if (module == nullptr || rest == nullptr) {
        return false;
    }
    const std::string package(module, std::strcspn(module, "."));
    const std::string pattern = package + ":" + std::string(name, rest + 1) + "*";
    const reference key(PyUnicode_FromStringAndSize(pattern.data(), static_cast<Py_ssize_t>(pattern.size())));
    const bool found = key && PySet_Contains(names, key.get()) == 1;
    PyErr_Clear();
    return found;
}

bool is_setter_of(PyObject* object, const frame& running) noexcept {
    PyCodeObject* const code = running.code();
    // x = property(fset=_set_x) is the other way to write it.
    const char* const name = text_of(code->co_name);
    constexpr std::string_view k_set = "_set_";
    const bool is_named_so = name != nullptr && std::string_view(name).starts_with(k_set);
    const reference stripped(is_named_so ? PyUnicode_FromString(name + k_set.size()) : Py_NewRef(code->co_name));
    PyObject* const found = stripped ? _PyType_Lookup(Py_TYPE(object), stripped.get()) : nullptr;
    bool is_setter = false;
    for (const char* const part : {"fset", "fdel"}) {
        const reference function(
            found != nullptr && Py_IS_TYPE(found, &PyProperty_Type) ? PyObject_GetAttrString(found, part) : nullptr);
        is_setter = is_setter || (function && PyFunction_Check(function.get()) &&
                                  PyFunction_GetCode(function.get()) == reinterpret_cast<PyObject*>(code));
    }
    PyErr_Clear();
    return is_setter;
}

PyObject* decorated_by(const frame& running) noexcept {
    const PyCodeObject& code = *running.code();
    for (int place = code.co_nlocalsplus - code.co_nfreevars; place < code.co_nlocalsplus; ++place) {
        PyObject* const cell = running.variable(place);
        PyObject* const held = cell != nullptr && PyCell_Check(cell) ? PyCell_GET(cell) : nullptr;
        if (held != nullptr && PyFunction_Check(held)) {
            return held;
        }
    }
    return nullptr;
}

PyObject* without_decorators(PyObject* function) noexcept {
    constexpr int k_longest_chain = 8;
    for (int i = 0; i < k_longest_chain; ++i) {
        PyObject* const attributes = reinterpret_cast<PyFunctionObject*>(function)->func_dict;
        PyObject* const wrapped = attributes != nullptr ? PyDict_GetItemString(attributes, "__wrapped__") : nullptr;
        if (wrapped == nullptr || !PyFunction_Check(wrapped)) {
            break;
        }
        function = wrapped;
    }
    return function;
}

PyObject* first_argument(const frame& running) noexcept {
    const PyCodeObject& code = *running.code();
    const bool takes_any = (code.co_flags & CO_VARARGS) != 0;
    if (code.co_argcount == 0 && !takes_any) {
        return nullptr;
    }
    PyObject* found = running.variable(code.co_argcount == 0 ? code.co_kwonlyargcount : 0);
    if (found != nullptr && PyCell_Check(found)) { // used in a closure
        found = PyCell_GET(found);
    }
    if (code.co_argcount == 0 && found != nullptr) { // of `def wrapper(*args, **kwargs)`
        return PyTuple_CheckExact(found) && PyTuple_GET_SIZE(found) > 0 ? PyTuple_GET_ITEM(found, 0) : nullptr;
    }
    return found;
}

bool is_storing(const frame& running) noexcept {
    switch (running.opcode()) {
    case STORE_ATTR:
    case DELETE_ATTR:
    case STORE_SUBSCR:
    case DELETE_SUBSCR:
#ifdef STORE_SLICE // from 3.12 on
    case STORE_SLICE:
#endif
        return true;
    default:
        return false;
    }
}

} // namespace xpar::guard
