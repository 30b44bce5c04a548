#include "runtime/python/guard/twin_rules.hpp"

#include "runtime/python/guard/checked_call.hpp"
#include "runtime/python/guard/methods.hpp"
#include "runtime/python/guard/twin_checks.hpp"

#include <unordered_map>
#include <utility>

namespace xpar::guard {
namespace {

std::unordered_map<const void*, rule>* s_rules = nullptr; // by object, or by the definition of a method

} // namespace

const rule* rule_of(const void* key) noexcept {
    if (s_rules == nullptr) {
        return nullptr;
    }
    const auto found = s_rules->find(key);
    return found != s_rules->end() ? &found->second : nullptr;
}

rule rule_of_slot(std::string_view name) noexcept {
    if (const int operation = in_place_operation(name); operation >= 0) {
        return {.what = effect::in_place, .number = operation, .is_slot = true};
    }
    if (name == "__setitem__" || name == "__delitem__") {
        return {.what = effect::item, .is_slot = true};
    }
    if (name == "__setattr__" || name == "__delattr__") {
        return {.what = effect::attribute, .is_slot = true};
    }
    if (name == "__next__" || name == "__anext__" || name == "__await__") {
        return {.what = effect::advances, .is_slot = true};
    }
    if (name == "__set__" || name == "__delete__") {
        return {.what = effect::descriptor};
    }
    return {.what = name == "__init__" ? effect::init : effect::nothing};
}

bool is_function_of_module(PyObject* object) noexcept {
    PyObject* const self = PyCFunction_Check(object) ? PyCFunction_GET_SELF(object) : nullptr;
    return self != nullptr && PyModule_Check(self);
}

const rule* rule_of_unbound(PyObject* callee) noexcept {
    if (is_function_of_module(callee)) {
        return rule_of(reinterpret_cast<PyCFunctionObject*>(callee)->m_ml);
    }
    return PyType_Check(callee) ? rule_of(callee) : nullptr;
}

PyObject* know_callees(PyObject*, PyObject* table) noexcept {
    auto rules = std::unordered_map<const void*, rule>();
    for (const auto& [definition, what] : guarded_methods()) {
        rules[definition].method = what;
    }
    if (!PyList_Check(table)) {
        PyErr_SetString(PyExc_TypeError, "callees are a list of (object, effect, number)");
        return nullptr;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(table); ++i) {
        PyObject* callee = nullptr;
        int what = 0;
        int number = 0;
        const char* keyword = nullptr; // in the table, which is kept
        if (PyArg_ParseTuple(PyList_GET_ITEM(table, i), "Oiiz", &callee, &what, &number, &keyword) == 0) {
            return nullptr;
        }
        const void* key = callee;
        if (PyCFunction_Check(callee)) {
            key = reinterpret_cast<PyCFunctionObject*>(callee)->m_ml;
        } else if (Py_IS_TYPE(callee, &PyMethodDescr_Type)) {
            key = reinterpret_cast<PyMethodDescrObject*>(callee)->d_method;
        }
        rules[key].what = static_cast<effect>(what);
        rules[key].number = number;
        rules[key].keyword = keyword;
        if (PyType_Check(callee) || is_function_of_module(callee)) {
            rules[key].ready = make_checked_call(callee);
        }
    }
    static PyObject* s_table = nullptr; // holds the objects that are known by their address
    Py_XSETREF(s_table, Py_NewRef(table));
    for (const auto& [key, old] : s_rules != nullptr ? *s_rules : decltype(rules)()) {
        Py_XDECREF(old.ready);
    }
    delete s_rules;
    s_rules = new std::unordered_map<const void*, rule>(std::move(rules));
    Py_RETURN_NONE;
}

} // namespace xpar::guard
