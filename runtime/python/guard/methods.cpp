#include "runtime/python/guard/methods.hpp"

#include "runtime/python/guard/gate.hpp"
#include "runtime/python/guard/storage.hpp"

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
    guarded what;
};

std::vector<entry>* s_entries = nullptr;

template <class Signature>
bool put(PyMethodDef& definition, guarded what) noexcept {
    if (gates<Signature>::contains(reinterpret_cast<void*>(definition.ml_meth))) {
        return true;
    }
    what.original = reinterpret_cast<void*>(definition.ml_meth);
    const auto replacement = gates<Signature>::before(what);
    if (replacement != nullptr) {
        definition.ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(replacement));
    }
    return replacement != nullptr;
}

// The wrong calling convention would crash, so one that is not known gets no gate.
bool put_gate(PyMethodDef& definition, guarded what) noexcept {
    switch (definition.ml_flags & (METH_VARARGS | METH_KEYWORDS | METH_NOARGS | METH_O | METH_FASTCALL | METH_METHOD)) {
    case METH_NOARGS:
        return put<binary>(definition, what);
    case METH_O:
        what.arguments = calling::one;
        return put<binary>(definition, what);
    case METH_VARARGS:
        what.arguments = calling::tuple;
        return put<binary>(definition, what);
    case METH_VARARGS | METH_KEYWORDS:
        what.arguments = calling::tuple;
        return put<ternary>(definition, what);
    case METH_FASTCALL:
        what.arguments = calling::vector;
        return put<fast>(definition, what);
    case METH_FASTCALL | METH_KEYWORDS:
        what.arguments = calling::vector;
        return put<fast_with_keywords>(definition, what);
    case METH_METHOD | METH_FASTCALL | METH_KEYWORDS:
        what.arguments = calling::vector;
        return put<method>(definition, what);
    default:
        return false;
    }
}

PyObject* find(PyObject* in, const std::string& name) noexcept {
    PyObject* const found = PyDict_GetItemString(in, name.c_str());
    PyErr_Clear();
    return found;
}

// A type that its module has no name for, by its own: "zlib.Compress", and without the module where that is builtins.
PyObject* find_unnamed_type(const entry& wanted) noexcept {
    const std::string name = wanted.module == "builtins" ? wanted.type : wanted.module + "." + wanted.type;
    PyObject* key = nullptr;
    PyObject* reference = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(PyBaseObject_Type.tp_subclasses, &at, &key, &reference) != 0;) {
        PyObject* const type = PyWeakref_GET_OBJECT(reference);
        if (PyType_Check(type) && reinterpret_cast<PyTypeObject*>(type)->tp_name == name) {
            return type;
        }
    }
    return nullptr;
}

// A function of a module, or a method of a type; null when this version of the library has none. Inherited methods are
// found in the type that has them.
PyMethodDef* find_definition(const entry& wanted, PyTypeObject*& type) noexcept {
    PyObject* const module = find(PyImport_GetModuleDict(), wanted.module);
    if (module == nullptr || !PyModule_Check(module)) {
        return nullptr;
    }
    PyObject* owner = find(PyModule_GetDict(module), wanted.type.empty() ? wanted.name : wanted.type);
    if (wanted.type.empty()) {
        return owner != nullptr && PyCFunction_Check(owner) ? reinterpret_cast<PyCFunctionObject*>(owner)->m_ml : nullptr;
    }
    if (owner == nullptr || !PyType_Check(owner)) {
        owner = find_unnamed_type(wanted);
    }
    if (owner == nullptr) {
        return nullptr;
    }
    type = wanted.of_metatype ? Py_TYPE(owner) : reinterpret_cast<PyTypeObject*>(owner);
    PyObject* const found = type->tp_dict != nullptr ? find(type->tp_dict, wanted.name) : nullptr;
    const bool is_method = found != nullptr && PyObject_TypeCheck(found, &PyMethodDescr_Type);
    return is_method ? reinterpret_cast<PyMethodDescrObject*>(found)->d_method : nullptr;
}

// numpy's functions that work item by item are objects with a way of being called each.
struct ufunc_fields {
    PyObject_HEAD
    int inputs;
};

bool guard_ufuncs(PyObject* module_dict) noexcept {
    PyObject* const any = PyDict_GetItemString(module_dict, "add");
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    bool complete = true;
    for (Py_ssize_t at = 0; any != nullptr && PyDict_Next(module_dict, &at, &key, &value) != 0;) {
        if (!Py_IS_TYPE(value, Py_TYPE(any)) || Py_TYPE(value)->tp_vectorcall_offset == 0) {
            continue;
        }
        auto& call = *reinterpret_cast<vectorcallfunc*>(reinterpret_cast<char*>(value) + Py_TYPE(value)->tp_vectorcall_offset);
        if (call == nullptr || gates<vectorcall>::contains(reinterpret_cast<void*>(call))) {
            continue;
        }
        const auto inputs = static_cast<std::int8_t>(reinterpret_cast<ufunc_fields*>(value)->inputs);
        // One gate for each number of inputs: outputs follow them.
        const guarded what = {.original = reinterpret_cast<void*>(call),
                              .operation = "out=",
                              .keyword = "out",
                              .kind = change::contents,
                              .changes = subject::output,
                              .arguments = calling::vector,
                              .position = inputs,
                              .always = true};
        const auto replacement = gates<vectorcall>::before(what);
        complete = complete && replacement != nullptr;
        call = replacement != nullptr ? replacement : call;
    }
    return complete;
}

} // namespace

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
        if (PyArg_ParseTuple(PyList_GET_ITEM(table, i), "szssiiiz", &module, &type, &name, &operation, &kind, &changes, &position,
                             &keyword) == 0) {
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
                           .found = nullptr,
                           .what = {.kind = static_cast<change>(kind),
                                    .changes = static_cast<subject>(changes),
                                    .position = static_cast<std::int8_t>(position)}});
    }
    delete s_entries;
    s_entries = new std::vector<entry>(std::move(entries));
    for (entry& each : *s_entries) { // they do not move any more
        each.what.operation = each.operation.c_str();
        each.what.keyword = each.keyword.empty() ? nullptr : each.keyword.c_str();
        each.what.always = each.what.changes != subject::self;
    }
    return true;
}

void find_methods() noexcept {
    static std::uint64_t version = 0;
    const std::uint64_t now = reinterpret_cast<PyDictObject*>(PyImport_GetModuleDict())->ma_version_tag;
    if (version == now) {
        return;
    }
    version = now;
    for (entry& each : *s_entries) {
        PyTypeObject* type = nullptr;
        if (each.found == nullptr && (each.found = find_definition(each, type)) != nullptr && type != nullptr) {
            each.what.always = each.what.always || is_view_type(type);
            each.what.of_dict = PyType_IsSubtype(type, &PyDict_Type) != 0;
        }
    }
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

int guard_methods() noexcept {
    int without = 0;
    for (const entry& each : *s_entries) {
        if (each.found != nullptr) {
            without += put_gate(*each.found, each.what) ? 0 : 1;
        }
    }
    PyObject* const multiarray = find(PyImport_GetModuleDict(), "numpy.core._multiarray_umath");
    if (multiarray != nullptr && !guard_ufuncs(PyModule_GetDict(multiarray))) {
        ++without;
    }
    return without;
}

void look_closer_at_dicts() noexcept {
    gates<store_at_key>::look_closer_at_dicts();
    gates<binary>::look_closer_at_dicts();
    gates<ternary>::look_closer_at_dicts();
    gates<fast>::look_closer_at_dicts();
    gates<fast_with_keywords>::look_closer_at_dicts();
}

} // namespace xpar::guard
