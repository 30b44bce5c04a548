#include "runtime/python/guard/methods.hpp"

#include "runtime/python/glue/compat.hpp"
#include "runtime/python/glue/loaded_type.hpp"
#include "runtime/python/guard/frames.hpp"
#include "runtime/python/guard/gate.hpp"
#include "runtime/python/guard/plain_attribute.hpp"
#include "runtime/python/guard/storage.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace xpar::guard {
namespace {

struct entry {
    std::string module;
    std::string type; // empty for a function of the module
    bool of_metatype; // it was written "type.__class__"
    std::string name;
    std::string operation;
    std::string keyword;
    PyMethodDef* found = nullptr; // in this process, once its module is imported; modules of C code stay
    PyCFunction original = nullptr;
    PyCFunction gate = nullptr;
    std::string missing; // what its module lacks, or what has no gate
    guarded what;
};

std::vector<entry>* s_entries = nullptr;
std::uint64_t s_modules_version = 0; // of sys.modules when it was looked through
bool s_is_importing = false;         // a module was looked for while it was being imported

template <class Signature>
PyCFunction gate_before(guarded what, PyCFunction original) noexcept {
    what.original = reinterpret_cast<void*>(original);
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(gates<Signature>::before(what)));
}

// The wrong calling convention would crash, so one that is not known gets no gate: null, as when all gates are taken.
PyCFunction gate_of(const PyMethodDef& definition, guarded what) noexcept {
    switch (definition.ml_flags & (METH_VARARGS | METH_KEYWORDS | METH_NOARGS | METH_O | METH_FASTCALL | METH_METHOD)) {
    case METH_NOARGS:
        return gate_before<binary>(what, definition.ml_meth);
    case METH_O:
        what.arguments = calling::one;
        return gate_before<binary>(what, definition.ml_meth);
    case METH_VARARGS:
        what.arguments = calling::tuple;
        return gate_before<binary>(what, definition.ml_meth);
    case METH_VARARGS | METH_KEYWORDS:
        what.arguments = calling::tuple;
        return gate_before<ternary>(what, definition.ml_meth);
    case METH_FASTCALL:
        what.arguments = calling::vector;
        return gate_before<fast>(what, definition.ml_meth);
    case METH_FASTCALL | METH_KEYWORDS:
        what.arguments = calling::vector;
        return gate_before<fast_with_keywords>(what, definition.ml_meth);
    case METH_METHOD | METH_FASTCALL | METH_KEYWORDS:
        what.arguments = calling::vector;
        return gate_before<method>(what, definition.ml_meth);
    default:
        return nullptr;
    }
}

PyObject* find(PyObject* in, std::string_view name) noexcept {
    const reference key(PyUnicode_FromStringAndSize(name.data(), static_cast<Py_ssize_t>(name.size())));
    PyObject* const found = key ? PyDict_GetItemWithError(in, key.get()) : nullptr;
    PyErr_Clear();
    return found;
}

// Imported, and to its end: another thread may be at it.
bool is_complete(PyObject* module) noexcept {
    PyObject* const spec = find(PyModule_GetDict(module), "__spec__");
    const reference initializing = spec != nullptr ? plain_attribute(spec, "_initializing") : reference();
    return !initializing || initializing.get() != Py_True;
}

// The module that an entry is about. "numpy:ndarray" stands for the extension module that defines numpy.ndarray. Null
// while it is not imported, or where the user has a module of that name. Borrowed.
PyObject* find_module(std::string_view name) noexcept {
    const std::size_t colon = name.find(':');
    PyObject* const module = find(PyImport_GetModuleDict(), name.substr(0, colon));
    if (module == nullptr || !PyModule_Check(module) || origin_of_module(PyModule_GetDict(module)) == origin::user) {
        return nullptr;
    }
    if (!is_complete(module)) {
        s_is_importing = true;
        return nullptr;
    }
    if (colon == std::string_view::npos) {
        return module;
    }
    PyObject* const type = find(PyModule_GetDict(module), name.substr(colon + 1));
    PyObject* const extension =
        type != nullptr && PyType_Check(type) ? defining_extension(reinterpret_cast<PyTypeObject*>(type)) : nullptr;
    return extension != nullptr ? extension : module; // where what is looked for will be missed
}

// A type that its module has no name for, by its own: "zlib.Compress", and without the module where that is builtins.
PyObject* find_unnamed_type(const entry& wanted) noexcept {
    const std::string name = wanted.module == "builtins" ? wanted.type : wanted.module + "." + wanted.type;
    const reference types(
        PyObject_CallMethod(reinterpret_cast<PyObject*>(&PyBaseObject_Type), "__subclasses__", nullptr));
    for (Py_ssize_t i = 0; types && i < PyList_GET_SIZE(types.get()); ++i) {
        PyObject* const type = PyList_GET_ITEM(types.get(), i);
        if (PyType_Check(type) && reinterpret_cast<PyTypeObject*>(type)->tp_name == name) {
            return type; // builtin, or of a module that stays
        }
    }
    PyErr_Clear();
    return nullptr;
}

// One of the names of a function, which versions of a library call differently: "_place|_insert". Those that some
// versions do not have at all end in a bar.
PyMethodDef* find_function(PyObject* module, std::string_view names) noexcept {
    while (!names.empty()) {
        const std::size_t bar = names.find('|');
        PyObject* const found = find(PyModule_GetDict(module), names.substr(0, bar));
        if (found != nullptr && PyCFunction_Check(found)) {
            return reinterpret_cast<PyCFunctionObject*>(found)->m_ml;
        }
        names = bar != std::string_view::npos ? names.substr(bar + 1) : std::string_view();
    }
    return nullptr;
}

PyMethodDef* definition_of(PyObject* method, const PyTypeObject* owner) noexcept {
    if (PyObject_TypeCheck(method, &PyMethodDescr_Type)) {
        return reinterpret_cast<PyMethodDescrObject*>(method)->d_method;
    }
    // In a class written in Python `self` is an argument like others.
    const bool is_c_type = (owner->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0;
    return is_c_type && is_cython_function(method) ? reinterpret_cast<PyCFunctionObject*>(method)->m_ml : nullptr;
}

// The type of an entry; null when its module does not have it.
PyTypeObject* find_type(const entry& wanted, PyObject* module) noexcept {
    PyObject* owner = find(PyModule_GetDict(module), wanted.type);
    owner = owner != nullptr && PyType_Check(owner) ? owner : find_unnamed_type(wanted);
    return wanted.of_metatype && owner != nullptr ? Py_TYPE(owner) : reinterpret_cast<PyTypeObject*>(owner);
}

// Looks for what an entry names, in this version of its module. A method that the type does not have needs no gate; a
// function or a type that is not there may have got another name.
void look_for(entry& wanted) {
    wanted.missing.clear();
    PyObject* const module = find_module(wanted.module);
    if (module == nullptr) {
        return;
    }
    const std::string owner = wanted.module.substr(0, wanted.module.find(':'));
    if (wanted.type.empty()) {
        wanted.found = find_function(module, wanted.name);
        if (wanted.found == nullptr && wanted.name.ends_with('|')) {
            return;
        }
    } else if (PyTypeObject* const type = find_type(wanted, module); type == nullptr) {
        wanted.missing = owner + "." + wanted.type;
        return;
    } else {
        PyObject* const method = find(dict_of(type), wanted.name);
        // What is written in Python is looked at line by line. A method that numpy 2 has no more is an attribute there,
        // which says what to call instead.
        if (method == nullptr || PyFunction_Check(method) || Py_IS_TYPE(method, &PyGetSetDescr_Type)) {
            return;
        }
        wanted.found = definition_of(method, type);
        wanted.what.always = wanted.what.always || is_view_type(type);
        wanted.what.of_dict = PyType_IsSubtype(type, &PyDict_Type) != 0;
    }
    if (wanted.found != nullptr) {
        wanted.original = wanted.found->ml_meth;
        wanted.gate = gate_of(*wanted.found, wanted.what);
    }
    if (wanted.gate == nullptr) {
        wanted.missing =
            owner + "." + (wanted.type.empty() ? "" : wanted.type + ".") + wanted.name.substr(0, wanted.name.find('|'));
    }
}

} // namespace

bool is_cython_function(PyObject* object) noexcept {
    const PyTypeObject* const type = Py_TYPE(object);
    return !PyCFunction_Check(object) && (type->tp_flags & Py_TPFLAGS_HAVE_VECTORCALL) != 0 &&
           type->tp_basicsize >= static_cast<Py_ssize_t>(sizeof(PyCFunctionObject)) &&
           type->tp_vectorcall_offset == static_cast<Py_ssize_t>(offsetof(PyCFunctionObject, vectorcall));
}

bool know_methods(PyObject* table) noexcept {
    auto entries = std::vector<entry>();
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(table); ++i) {
        const char* module = nullptr;
        const char* type = nullptr;
        const char* name = nullptr;
        const char* operation = nullptr;
        const char* keyword = nullptr;
        int kind = 0;
        int changes = 0;
        int position = 0;
        if (PyArg_ParseTuple(PyList_GET_ITEM(table, i), "szssiiiz", &module, &type, &name, &operation, &kind, &changes,
                             &position, &keyword) == 0) {
            return false;
        }
        constexpr std::string_view k_metatype = ".__class__";
        std::string type_name = type != nullptr ? type : "";
        const bool of_metatype = type_name.ends_with(k_metatype);
        type_name.resize(type_name.size() - (of_metatype ? k_metatype.size() : 0));
        entries.push_back({.module = module,
                           .type = type_name,
                           .of_metatype = of_metatype,
                           .name = name,
                           .operation = operation,
                           .keyword = keyword != nullptr ? keyword : "",
                           .missing = "",
                           .what = {.kind = static_cast<change>(kind),
                                    .changes = static_cast<subject>(changes),
                                    .position = static_cast<std::int8_t>(position)}});
    }
    s_entries = new std::vector<entry>(std::move(entries)); // earlier ones stay: gates have pointers to their texts
    s_modules_version = 0;
    for (entry& each : *s_entries) { // they do not move any more
        each.what.operation = each.operation.c_str();
        each.what.keyword = each.keyword.empty() ? nullptr : each.keyword.c_str();
        each.what.always = each.what.changes != subject::self;
    }
    return true;
}

bool find_methods() noexcept {
    const std::uint64_t now = version_of_modules();
    if (s_modules_version == now && !s_is_importing) {
        return false;
    }
    s_modules_version = now;
    s_is_importing = false;
    for (entry& each : *s_entries) {
        if (each.found == nullptr) {
            look_for(each);
        }
    }
    return true;
}

std::set<std::string> missing_methods() {
    std::set<std::string> missing;
    for (const entry& each : *s_entries) {
        if (!each.missing.empty()) {
            missing.insert(each.missing);
        }
    }
    return missing;
}

std::vector<std::pair<const PyMethodDef*, const guarded*>> guarded_methods() {
    std::vector<std::pair<const PyMethodDef*, const guarded*>> found;
    for (const entry& each : *s_entries) {
        if (each.found != nullptr) {
            found.emplace_back(each.found, &each.what);
        }
    }
    return found;
}

void guard_methods() noexcept {
    for (const entry& each : *s_entries) {
        if (each.gate != nullptr && each.found->ml_meth == each.original) {
            each.found->ml_meth = each.gate;
        }
    }
}

void look_closer_at_dicts() noexcept {
    gates<store_at_key>::look_closer_at_dicts();
    gates<binary>::look_closer_at_dicts();
    gates<ternary>::look_closer_at_dicts();
    gates<fast>::look_closer_at_dicts();
    gates<fast_with_keywords>::look_closer_at_dicts();
}

} // namespace xpar::guard
