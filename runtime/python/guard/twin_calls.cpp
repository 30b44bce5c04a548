#include "runtime/python/guard/twin_calls.hpp"

#include "runtime/python/glue/compat.hpp"
#include "runtime/python/guard/checked_call.hpp"
#include "runtime/python/guard/frames.hpp"
#include "runtime/python/guard/instance_dicts.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/guard/methods.hpp"
#include "runtime/python/guard/plain_attribute.hpp"
#include "runtime/python/guard/storage.hpp"
#include "runtime/python/guard/twin_checks.hpp"

#include <string_view>
#include <utility>

namespace xpar::guard {
namespace {

bool is_any(PyTypeObject* type, std::string_view name) noexcept {
    return std::string_view(type->tp_name) == name;
}

// Does whose it is settle the question?
bool changes_self_only(const rule& of) noexcept {
    return of.what == effect::nothing && of.method != nullptr && of.method->changes == subject::self &&
           !of.method->always;
}

PyObject* attribute_of(PyObject* object, const char* name) noexcept {
    PyObject* const found = PyObject_GetAttrString(object, name);
    PyErr_Clear();
    Py_XDECREF(found); // what is asked for is held by the object
    return found;
}

// Of a method in C that is called with its object as the first argument; null for all else.
const PyMethodDef* unbound_method(PyObject* callee) noexcept {
    if (Py_IS_TYPE(callee, &PyMethodDescr_Type) || Py_IS_TYPE(callee, &PyClassMethodDescr_Type)) {
        return reinterpret_cast<PyMethodDescrObject*>(callee)->d_method;
    }
    return is_cython_function(callee) ? reinterpret_cast<PyCFunctionObject*>(callee)->m_ml : nullptr;
}

PyObject* argument_of(const call& of) noexcept {
    if (of.of.number >= 0 && of.of.number < of.positional) {
        return of.arguments[static_cast<std::size_t>(of.of.number)];
    }
    return of.of.keyword != nullptr ? keyword_of(of, of.of.keyword) : nullptr;
}

// Would writing to this file change something that the main thread has?
bool refuses_stream(PyObject* file) noexcept {
    static constexpr guarded k_stream = {.operation = "write()", .kind = change::stream};
    static PyObject* const s_write = PyUnicode_InternFromString("write");
    if (is_context_object(file)) {
        return false;
    }
    PyObject* const write = _PyType_Lookup(Py_TYPE(file), s_write);
    const bool is_method = write != nullptr && Py_IS_TYPE(write, &PyMethodDescr_Type);
    const rule* const known = is_method ? rule_of(reinterpret_cast<PyMethodDescrObject*>(write)->d_method) : nullptr;
    const bool is_file = known != nullptr && known->method != nullptr && known->method->kind == change::stream;
    return (is_file || is_any(Py_TYPE(file), "_csv.writer")) && refuses_self(k_stream, file, nullptr);
}

bool refuses_effect(const call& of) noexcept {
    PyObject* const first = of.positional > 0 ? of.arguments.front() : nullptr;
    PyObject* const second = of.positional > 1 ? of.arguments[1] : nullptr;
    switch (of.of.what) {
    case effect::attribute:
        return second != nullptr && refuses_attribute(first, second, of.of.is_slot);
    case effect::item:
        return first != nullptr && refuses_item(first, of.of.is_slot);
    case effect::in_place:
        return first != nullptr && refuses_in_place(first, of.of.number, of.of.is_slot);
    case effect::advances:
        return first != nullptr && refuses_advance(first, of.of.is_slot);
    case effect::init:
        return first != nullptr && refuses_init(first);
    case effect::descriptor:
        // `first` is the descriptor: a slot or a getset of C code. Properties come to Python code.
        return second != nullptr &&
               (Py_IS_TYPE(first, &PyMemberDescr_Type) || Py_IS_TYPE(first, &PyGetSetDescr_Type)) &&
               refuses_attribute(second, PyDescr_NAME(first));
    case effect::iterates:
        for (Py_ssize_t i = of.of.number; i < of.positional; ++i) {
            if (refuses_advance(of.arguments[static_cast<std::size_t>(i)])) {
                return true;
            }
        }
        return false;
    case effect::changes:
    case effect::streams: {
        PyObject* const changed = argument_of(of);
        return changed != nullptr &&
               (of.of.what == effect::changes ? refuses_output(changed) : refuses_stream(changed));
    }
    case effect::ufunc:
        for (Py_ssize_t i = of.of.number; i < of.positional; ++i) {
            if (refuses_output(of.arguments[static_cast<std::size_t>(i)])) {
                return true;
            }
        }
        return keyword_of(of, "out") != nullptr && refuses_output(keyword_of(of, "out"));
    default:
        return false;
    }
}

// A method of a library, written in Python, of an object of the main thread.
bool refuses_python(const call& of) noexcept {
    PyObject* const inplace = keyword_of(of, "inplace");
    const bool is_in_place = inplace != nullptr && PyObject_IsTrue(inplace) == 1;
    PyErr_Clear();
    PyObject* const name = reinterpret_cast<PyFunctionObject*>(of.function)->func_name;
    const reference operation(PyUnicode_FromFormat("%U()", name));
    const char* const text = operation ? PyUnicode_AsUTF8(operation.get()) : nullptr;
    return text != nullptr && refuses_library_method(of.arguments.front(), of.function, text, is_in_place);
}

} // namespace

bool needs_look(PyObject* callee, PyObject** ready) noexcept {
    PyTypeObject* const type = Py_TYPE(callee);
    if (type == &PyFunction_Type) {
        return rule_of(callee) != nullptr;
    }
    if (PyCFunction_Check(callee)) {
        PyObject* const self = PyCFunction_GET_SELF(callee);
        const rule* const found = rule_of(reinterpret_cast<PyCFunctionObject*>(callee)->m_ml);
        if (found == nullptr) {
            return false;
        }
        if (ready != nullptr) {
            *ready = found->ready;
        }
        return !changes_self_only(*found) || self == nullptr || is_of_main(self);
    }
    if (type == &PyMethod_Type) {
        PyObject* const function = PyMethod_Function(callee);
        if (!PyFunction_Check(function)) {
            return needs_look(function);
        }
        if (is_context_object(PyMethod_Self(callee))) {
            return rule_of(function) != nullptr;
        }
        return is_of_library(function) || rule_of(function) != nullptr;
    }
    if (const PyMethodDef* const definition = unbound_method(callee)) {
        return rule_of(definition) != nullptr;
    }
    if (type == &PyWrapperDescr_Type) {
        return rule_of_slot(reinterpret_cast<PyWrapperDescrObject*>(callee)->d_base->name).what != effect::nothing;
    }
    if (type == method_wrapper_type()) {
        return true;
    }
    if (PyType_Check(callee)) {
        const rule* const found = rule_of(callee);
        if (found != nullptr && ready != nullptr) {
            *ready = found->ready;
        }
        return found != nullptr;
    }
    return is_any(type, "numpy.ufunc") || is_any(type, "functools.partial") || is_any(type, "operator.methodcaller") ||
           rule_of(callee) != nullptr; // ctypes.memset
}

bool take_apart(PyObject* callee, call& into, std::vector<reference>& held, int depth) noexcept {
    PyTypeObject* const type = Py_TYPE(callee);
    const auto bind = [&](PyObject* self) {
        into.arguments.insert(into.arguments.begin(), self);
        ++into.positional;
        into.has_self = true;
    };
    into.function = callee;
    if (depth > 8) {
        return false;
    }
    if (is_checked_call(callee)) {
        return false; // it looks itself
    }
    if (PyCFunction_Check(callee)) {
        const rule* const found = rule_of(reinterpret_cast<PyCFunctionObject*>(callee)->m_ml);
        PyObject* const self = PyCFunction_GET_SELF(callee);
        const bool is_process = found != nullptr && found->method != nullptr && found->method->kind == change::process;
        if (found != nullptr && self != nullptr && (is_process || !PyModule_Check(self))) {
            bind(self);
        }
        into.of = found != nullptr ? *found : rule{};
        return found != nullptr;
    }
    if (type == &PyMethod_Type) {
        bind(PyMethod_Self(callee));
        const bool known = take_apart(PyMethod_Function(callee), into, held, depth + 1);
        return known || PyFunction_Check(into.function);
    }
    if (const PyMethodDef* const definition = unbound_method(callee)) {
        const rule* const found = rule_of(definition);
        into.of = found != nullptr ? *found : rule{};
        into.has_self = true;
        return found != nullptr && into.positional > 0;
    }
    if (type == &PyWrapperDescr_Type) {
        into.of = rule_of_slot(reinterpret_cast<PyWrapperDescrObject*>(callee)->d_base->name);
        return into.positional > 0;
    }
    if (type == method_wrapper_type()) {
        const reference name(PyObject_GetAttrString(callee, "__name__"));
        PyObject* const self = name ? attribute_of(callee, "__self__") : nullptr;
        const char* const text = self != nullptr ? PyUnicode_AsUTF8(name.get()) : nullptr;
        PyErr_Clear();
        if (text == nullptr) {
            return false;
        }
        bind(self);
        into.of = rule_of_slot(text);
        return true;
    }
    if (is_any(type, "functools.partial")) {
        PyObject* const function = attribute_of(callee, "func");
        PyObject* const given = attribute_of(callee, "args");
        if (function == nullptr || given == nullptr || !PyTuple_Check(given)) {
            return false;
        }
        PyObject** const first = &PyTuple_GET_ITEM(given, 0);
        into.arguments.insert(into.arguments.begin(), first, first + PyTuple_GET_SIZE(given));
        into.positional += PyTuple_GET_SIZE(given);
        return take_apart(function, into, held, depth + 1);
    }
    if (is_any(type, "operator.methodcaller") && into.positional > 0) {
        reference reduced(PyObject_CallMethod(callee, "__reduce__", nullptr));
        PyErr_Clear();
        PyObject* const given = reduced && PyTuple_Check(reduced.get()) ? PyTuple_GET_ITEM(reduced.get(), 1) : nullptr;
        PyObject* const name = given != nullptr && PyTuple_Check(given) && PyTuple_GET_SIZE(given) > 0
                                   ? PyTuple_GET_ITEM(given, 0)
                                   : nullptr;
        PyObject* const of_type = name != nullptr ? _PyType_Lookup(Py_TYPE(into.arguments.front()), name) : nullptr;
        if (of_type != nullptr && (PyFunction_Check(of_type) || unbound_method(of_type) != nullptr)) {
            into.has_self = true;
            const bool known = take_apart(of_type, into, held, depth + 1);
            return known || PyFunction_Check(of_type);
        }
        reference called = name != nullptr ? plain_attribute(into.arguments.front(), name) : reference();
        if (!called) {
            return false;
        }
        into.arguments.erase(into.arguments.begin());
        into.positional -= 1;
        PyObject* const bound = called.get();
        held.push_back(std::move(called));
        return take_apart(bound, into, held, depth + 1);
    }
    const rule* const found = rule_of(callee);
    into.of = found != nullptr ? *found : rule{};
    if (found == nullptr && is_any(type, "numpy.ufunc")) {
        const reference inputs(PyObject_GetAttrString(callee, "nin"));
        into.of = {.what = effect::ufunc, .number = inputs ? static_cast<int>(PyLong_AsLong(inputs.get())) : 0};
        PyErr_Clear();
        return true;
    }
    return found != nullptr;
}

PyObject* keyword_of(const call& of, const char* name) noexcept {
    for (Py_ssize_t i = 0; of.names != nullptr && i < PyTuple_GET_SIZE(of.names); ++i) {
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(of.names, i), name) == 0) {
            return of.arguments[static_cast<std::size_t>(of.positional + i)];
        }
    }
    return nullptr;
}

bool refuses_call(const call& of) noexcept {
    if (of.has_self && of.positional > 0 && PyFunction_Check(of.function) && refuses_python(of)) {
        return true;
    }
    if (const guarded* const known = of.of.method) {
        PyObject* const self = of.positional > 0 ? of.arguments.front() : nullptr;
        const Py_ssize_t skipped = of.has_self ? 1 : 0;
        if (known->changes != subject::self) {
            if (refuses_arguments(*known, {of.arguments.data() + skipped, of.positional - skipped, of.names})) {
                return true;
            }
        } else if (self != nullptr && (known->always || is_of_main(self)) && refuses_self(*known, self, nullptr)) {
            return true;
        }
    }
    return refuses_effect(of);
}

bool method_needs_look(PyObject* object, PyObject* name) noexcept {
    PyTypeObject* const type = Py_TYPE(object);
    if (PyModule_CheckExact(object)) {
        PyObject* const found = PyDict_GetItemWithError(PyModule_GetDict(object), name);
        return found == nullptr || needs_look(found);
    }
    PyObject* const found = _PyType_Lookup(type, name);
    if (found == nullptr) {
        return true; // an attribute of the instance, or a class
    }
    if (Py_IS_TYPE(found, &PyFunction_Type)) {
        return rule_of(found) != nullptr || (!is_context_object(object) && is_of_library(found)) ||
               PyType_Check(object);
    }
    if (!Py_IS_TYPE(found, &PyMethodDescr_Type) || PyType_Check(object)) {
        return true;
    }
    const rule* const known = rule_of(reinterpret_cast<PyMethodDescrObject*>(found)->d_method);
    if (known == nullptr) {
        return false;
    }
    return !changes_self_only(*known) || is_of_main(object);
}

} // namespace xpar::guard
