#include "runtime/python/guard/twin_functions.hpp"

#include "runtime/python/glue/compat.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/frames.hpp"
#include "runtime/python/guard/judge.hpp"

#include <unordered_map>
#include <utility>

namespace xpar::guard {
namespace {

// What a code object carries: its twin, or one of these. It goes when the code goes.
char s_has_none = 0;
char s_is_twin = 0;
Py_ssize_t s_extra = -1;

// References that come with a twin, for the functions of zygotes: they take theirs without a write to its page, which
// the zygote would have to copy. Twins and functions lie apart, so that is half of what installing 500 of them costs.
PyObject* with_references(PyObject* twin) noexcept {
    Py_SET_REFCNT(twin, Py_REFCNT(twin) + k_many_references);
    return twin;
}

void drop_extra(void* extra) {
    if (extra != nullptr && extra != &s_has_none && extra != &s_is_twin) {
        auto* const twin = static_cast<PyObject*>(extra);
        Py_SET_REFCNT(twin, Py_REFCNT(twin) - k_many_references + 1);
        Py_DECREF(twin);
    }
}

void* extra_of(PyObject* code) noexcept {
    void* extra = nullptr;
    if (s_extra >= 0 && get_code_extra(code, s_extra, &extra) != 0) {
        PyErr_Clear();
    }
    return extra;
}

bool set_extra(PyObject* code, void* extra) noexcept {
    s_extra = s_extra >= 0 ? s_extra : request_code_extra_index(drop_extra);
    return set_code_extra(code, s_extra, extra) == 0;
}

bool set_extra_in_tree(PyObject* code, void* extra) noexcept {
    PyObject* const constants = reinterpret_cast<PyCodeObject*>(code)->co_consts;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(constants); ++i) {
        if (PyObject* const constant = PyTuple_GET_ITEM(constants, i);
            PyCode_Check(constant) && !set_extra_in_tree(constant, extra)) {
            return false;
        }
    }
    return set_extra(code, extra);
}

// Functions that get a twin or may: weak references by address, so that none lives longer for it.
std::unordered_map<PyObject*, PyObject*>* s_functions = nullptr;

bool keep(PyObject* function) noexcept {
    s_functions = s_functions != nullptr ? s_functions : new std::unordered_map<PyObject*, PyObject*>;
    PyObject*& kept = (*s_functions)[function];
    if (kept != nullptr && target_of(kept) == function) {
        return true;
    }
    Py_XSETREF(kept, PyWeakref_NewRef(function, nullptr));
    return kept != nullptr;
}

void forget_the_dead() noexcept {
    for (auto at = s_functions->begin(); at != s_functions->end();) {
        if (target_of(at->second) == nullptr) {
            Py_DECREF(at->second);
            at = s_functions->erase(at);
        } else {
            ++at;
        }
    }
}

// Whose the files are: asked for each function, of which there are thousands, and there are few files.
std::unordered_map<PyObject*, origin>* s_files = nullptr;

origin origin_of_function(PyFunctionObject* function) noexcept {
    auto* const code = reinterpret_cast<PyCodeObject*>(function->func_code);
    PyObject* const path = code->co_filename;
    if (PyUnicode_GET_LENGTH(path) == 0 || PyUnicode_READ_CHAR(path, 0) == '<') {
        return origin_of(code, function->func_globals);
    }
    s_files = s_files != nullptr ? s_files : new std::unordered_map<PyObject*, origin>;
    const auto [at, is_new] = s_files->try_emplace(path, origin::user);
    if (is_new) {
        Py_INCREF(path);
        at->second = origin_of(code, function->func_globals);
    }
    return at->second;
}

// How often the collector has moved objects on to an older generation: what was there then is there still.
long moves_of(PyObject* gc) noexcept {
    const reference all(PyObject_CallMethod(gc, "get_stats", nullptr));
    long moves = 0;
    for (Py_ssize_t i = 1; all && i < PyList_GET_SIZE(all.get()); ++i) {
        PyObject* const collections = PyDict_GetItemString(PyList_GET_ITEM(all.get(), i), "collections");
        moves += collections != nullptr ? PyLong_AsLong(collections) : 0;
    }
    return moves;
}

bool look_through(PyObject* objects, PyObject* found) noexcept {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(objects); ++i) {
        PyObject* const object = PyList_GET_ITEM(objects, i);
        if (!PyFunction_Check(object)) {
            continue;
        }
        auto* const function = reinterpret_cast<PyFunctionObject*>(object);
        void* const extra = extra_of(function->func_code);
        if (extra == &s_has_none || extra == &s_is_twin ||
            (extra == nullptr && origin_of_function(function) != origin::user)) {
            continue;
        }
        if (!keep(object) || (extra == nullptr && PyList_Append(found, object) != 0)) {
            return false;
        }
    }
    return true;
}

bool find_alive(PyObject* found) noexcept {
    static long s_moves = -1;
    const reference gc(PyImport_ImportModule("gc"));
    if (!gc) {
        return false;
    }
    const long moves = moves_of(gc.get());
    const int last = moves == s_moves ? 1 : 2;
    for (int generation = 0; generation <= last; ++generation) {
        const reference objects(PyObject_CallMethod(gc.get(), "get_objects", "i", generation));
        if (!objects || !look_through(objects.get(), found)) {
            return false;
        }
    }
    s_moves = moves;
    return true;
}

PyObject* s_enter = nullptr;
PyObject* s_source = nullptr;
PyObject* s_compiled = nullptr;

} // namespace

bool is_twin(PyObject* code) noexcept {
    return extra_of(code) == &s_is_twin;
}

void forget_files() noexcept {
    if (s_files != nullptr) {
        for (const auto& [path, whose] : *s_files) {
            Py_DECREF(path);
        }
        s_files->clear();
    }
}

PyObject* find_functions(PyObject*, PyObject*) noexcept {
    reference found(PyList_New(0));
    if (!found || !find_alive(found.get())) {
        return nullptr;
    }
    if (s_functions != nullptr) {
        forget_the_dead();
    }
    return found.give();
}

PyObject* know_twin(PyObject*, PyObject* arguments) noexcept {
    PyObject* code = nullptr;
    PyObject* twin = nullptr;
    if (PyArg_ParseTuple(arguments, "O!O", &PyCode_Type, &code, &twin) == 0) {
        return nullptr;
    }
    if (twin != Py_None && !PyCode_Check(twin)) {
        PyErr_SetString(PyExc_TypeError, "a twin is a code object or None");
        return nullptr;
    }
    if (twin != Py_None && !set_extra_in_tree(twin, &s_is_twin)) {
        return nullptr;
    }
    if (twin != code && !set_extra(code, twin != Py_None ? static_cast<void*>(with_references(twin)) : &s_has_none)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* add_function(PyObject*, PyObject* function) noexcept {
    if (!PyFunction_Check(function)) {
        PyErr_SetString(PyExc_TypeError, "not a function");
        return nullptr;
    }
    if (!keep(function)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* set_twin_hooks(PyObject*, PyObject* arguments) noexcept {
    PyObject* enter = nullptr;
    PyObject* source = nullptr;
    PyObject* compiled = nullptr;
    if (PyArg_ParseTuple(arguments, "OOO", &enter, &source, &compiled) == 0) {
        return nullptr;
    }
    Py_XSETREF(s_enter, Py_NewRef(enter));
    Py_XSETREF(s_source, Py_NewRef(source));
    Py_XSETREF(s_compiled, Py_NewRef(compiled));
    Py_RETURN_NONE;
}

PyObject* is_users_path(PyObject*, PyObject* path) noexcept {
    if (!PyUnicode_Check(path)) {
        PyErr_SetString(PyExc_TypeError, "a path is a str");
        return nullptr;
    }
    return PyBool_FromLong(origin_of_file(path) == origin::user);
}

void install_twins() noexcept {
    if (s_functions == nullptr) {
        return;
    }
    for (const auto& [address, kept] : *s_functions) {
        if (target_of(kept) != address) {
            continue;
        }
        auto* const function = reinterpret_cast<PyFunctionObject*>(address);
        void* const extra = extra_of(function->func_code);
        if (extra != nullptr && extra != &s_has_none && extra != &s_is_twin) {
            // As function.__code__ = twin, but for the reference to the old code, which lives on with its twin's, and
            // for a look at what is free, which is the same in both.
            function->func_code = static_cast<PyObject*>(extra);
            function->func_version = 0;
        }
    }
}

bool enter_twins() noexcept {
    return s_enter == nullptr || reference(PyObject_CallNoArgs(s_enter));
}

PyObject* twin_of_source(PyObject* source, bool is_expression) noexcept {
    const frame running = frame::current();
    const int flags = running ? running.code()->co_flags : 0;
    const unguarded compiling;
    PyObject* const twin = PyObject_CallFunction(s_source, "OOi", source, is_expression ? Py_True : Py_False, flags);
    if (twin == Py_None) {
        Py_DECREF(twin);
        return nullptr;
    }
    return twin;
}

PyObject* twin_of_compiled(PyObject* code, PyObject* source, PyObject* mode) noexcept {
    if (!PyCode_Check(code)) {
        return Py_NewRef(code);
    }
    const unguarded compiling;
    reference twin(PyObject_CallFunctionObjArgs(s_compiled, code, source, mode, nullptr));
    return twin && twin.get() == Py_None ? Py_NewRef(code) : twin.give();
}

} // namespace xpar::guard
