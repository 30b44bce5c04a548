#include "runtime/python/guard/twin_checks.hpp"

#include "runtime/python/glue/compat.hpp"
#include "runtime/python/glue/loaded_type.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/checked_call.hpp"
#include "runtime/python/guard/ctypes_data.hpp"
#include "runtime/python/guard/gate.hpp"
#include "runtime/python/guard/instance_dicts.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/guard/storage.hpp"
#include "runtime/python/guard/twin_names.hpp"

#include <algorithm>
#include <initializer_list>
#include <iterator>

namespace xpar::guard {
namespace {

constexpr guarded k_output = {.operation = "out=", .kind = change::contents};

PyTypeObject* s_probe = nullptr;

bool is_surely_own(PyObject* object) noexcept {
    if (!is_context_object(object)) {
        return false;
    }
    return PyList_CheckExact(object) ||
           (adopted_by(object) == nullptr && (PyDict_CheckExact(object) || !is_view_type(Py_TYPE(object))));
}

// What most names are bound to that `x += y` is done with, and what most items are taken from.
bool is_number_or_text(PyObject* object) noexcept {
    return PyLong_CheckExact(object) || PyFloat_CheckExact(object) || PyUnicode_CheckExact(object);
}

// How `object` does what `name` stands for is written in Python. The user's code is looked at line by line; a library's
// is not, and is taken at its name.
bool refuses_method(PyObject* object, const char* name, const char* operation) noexcept {
    const reference key(PyUnicode_InternFromString(name));
    PyObject* const method = key ? _PyType_Lookup(Py_TYPE(object), key.get()) : nullptr;
    PyErr_Clear();
    return method != nullptr && refuses_library_method(object, method, operation);
}

struct in_place_slot {
    void* number;
    void* sequence;
};

in_place_slot in_place_slot_of(const PyTypeObject* type, int operation) noexcept {
    const PyNumberMethods* const number = type->tp_as_number;
    const PySequenceMethods* const sequence = type->tp_as_sequence;
    in_place_slot found{};
    if (sequence != nullptr && operation == 0) {
        found.sequence = reinterpret_cast<void*>(sequence->sq_inplace_concat);
    } else if (sequence != nullptr && operation == 2) {
        found.sequence = reinterpret_cast<void*>(sequence->sq_inplace_repeat);
    }
    if (number == nullptr) {
        return found;
    }
    const auto set = [&](auto slot) { found.number = reinterpret_cast<void*>(slot); };
    switch (operation) {
    case 0:
        set(number->nb_inplace_add);
        break;
    case 1:
        set(number->nb_inplace_subtract);
        break;
    case 2:
        set(number->nb_inplace_multiply);
        break;
    case 3:
        set(number->nb_inplace_remainder);
        break;
    case 4:
        set(number->nb_inplace_power);
        break;
    case 5:
        set(number->nb_inplace_lshift);
        break;
    case 6:
        set(number->nb_inplace_rshift);
        break;
    case 7:
        set(number->nb_inplace_and);
        break;
    case 8:
        set(number->nb_inplace_xor);
        break;
    case 9:
        set(number->nb_inplace_or);
        break;
    case 10:
        set(number->nb_inplace_floor_divide);
        break;
    case 11:
        set(number->nb_inplace_true_divide);
        break;
    default:
        set(number->nb_inplace_matrix_multiply);
        break;
    }
    return found;
}

constexpr const char* k_in_place_names[] = {
    "__iadd__", "__isub__", "__imul__", "__imod__",      "__ipow__",     "__ilshift__", "__irshift__",
    "__iand__", "__ixor__", "__ior__",  "__ifloordiv__", "__itruediv__", "__imatmul__",
};

bool is_file(PyTypeObject* type) noexcept {
    PyTypeObject* const base = loaded_type("_io", "_IOBase");
    return base != nullptr && PyType_IsSubtype(type, base) != 0;
}

// ---- as functions
// ----------------------------------------------------------------------------------------------------

PyObject* check_attribute(PyObject*, PyObject* const* arguments, Py_ssize_t) {
    PyObject* const object = arguments[0];
    return is_armed() && refuses_attribute(object, arguments[1]) ? nullptr : Py_NewRef(object);
}

PyObject* check_item(PyObject*, PyObject* object) {
    const bool is_own = is_context_object(object) && PyList_CheckExact(object);
    return !is_own && is_armed() && refuses_item(object) ? nullptr : Py_NewRef(object);
}

template <int Operation>
PyObject* check_in_place(PyObject*, PyObject* object) {
    const bool refused = !is_number_or_text(object) && is_armed() && refuses_in_place(object, Operation);
    return refused ? nullptr : Py_NewRef(object);
}

PyObject* check_advance(PyObject*, PyObject* object) {
    return is_armed() && refuses_advance(object) ? nullptr : Py_NewRef(object);
}

PyObject* check_output(PyObject*, PyObject* object) {
    return is_armed() && refuses_output(object) ? nullptr : Py_NewRef(object);
}

PyObject* check_dict(PyObject*, PyObject* object) {
    return dict_of_object(object, "__dict__");
}

PyObject* check_annotations(PyObject*, PyObject* object) {
    return dict_of_object(object, "__annotations__");
}

PyMethodDef s_functions[] = {
    {"attribute", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(check_attribute)), METH_FASTCALL, nullptr},
    {"item", check_item, METH_O, nullptr},
    {"in_place 0", check_in_place<0>, METH_O, nullptr},
    {"in_place 1", check_in_place<1>, METH_O, nullptr},
    {"in_place 2", check_in_place<2>, METH_O, nullptr},
    {"in_place 3", check_in_place<3>, METH_O, nullptr},
    {"in_place 4", check_in_place<4>, METH_O, nullptr},
    {"in_place 5", check_in_place<5>, METH_O, nullptr},
    {"in_place 6", check_in_place<6>, METH_O, nullptr},
    {"in_place 7", check_in_place<7>, METH_O, nullptr},
    {"in_place 8", check_in_place<8>, METH_O, nullptr},
    {"in_place 9", check_in_place<9>, METH_O, nullptr},
    {"in_place 10", check_in_place<10>, METH_O, nullptr},
    {"in_place 11", check_in_place<11>, METH_O, nullptr},
    {"in_place 12", check_in_place<12>, METH_O, nullptr},
    {"advance", check_advance, METH_O, nullptr},
    {"output", check_output, METH_O, nullptr},
    {"instance_dict", check_dict, METH_O, nullptr},
    {"annotations", check_annotations, METH_O, nullptr},
};

} // namespace

void know_probe(PyTypeObject* probe) noexcept {
    s_probe = probe;
}

bool refuses_attribute(PyObject* object, PyObject* name, bool is_slot) noexcept {
    if (is_context_object(object)) {
        return (is_ctypes_data(Py_TYPE(object)) && refuses_self(k_field, object, nullptr)) ||
               refuses_store_to_borrowed_dict(object, name);
    }
    if (PyType_Check(object) && PyType_HasFeature(reinterpret_cast<PyTypeObject*>(object), Py_TPFLAGS_IMMUTABLETYPE)) {
        return false; // it says so itself
    }
    const PyTypeObject* const type = Py_TYPE(object);
    PyObject* const found = PyUnicode_CheckExact(name) ? _PyType_Lookup(Py_TYPE(object), name) : nullptr;
    if (found != nullptr && Py_IS_TYPE(found, &PyProperty_Type)) {
        const reference setter(PyObject_GetAttrString(found, "fset"));
        PyErr_Clear();
        return setter && PyFunction_Check(setter.get()) &&
               refuses_library_method(object, setter.get(), k_attribute.operation, true);
    }
    if (!is_slot && type->tp_setattro == s_probe->tp_setattro) { // with either of the two in Python it is the same slot
        for (const char* const special : {"__setattr__", "__delattr__"}) {
            const reference key(PyUnicode_InternFromString(special));
            PyObject* const in_python = key ? _PyType_Lookup(Py_TYPE(object), key.get()) : nullptr;
            if (in_python != nullptr && PyFunction_Check(in_python)) {
                return refuses_library_method(object, in_python, k_attribute.operation, true);
            }
        }
    }
    return refuses_self(k_attribute, object, name);
}

int in_place_operation(std::string_view name) noexcept {
    const auto* const found = std::find(std::begin(k_in_place_names), std::end(k_in_place_names), name);
    return found != std::end(k_in_place_names) ? static_cast<int>(found - std::begin(k_in_place_names)) : -1;
}

bool refuses_item(PyObject* object, bool is_slot) noexcept {
    const PyTypeObject* const type = Py_TYPE(object);
    const objobjargproc by_key = type->tp_as_mapping != nullptr ? type->tp_as_mapping->mp_ass_subscript : nullptr;
    if (!is_slot && by_key != nullptr && by_key == s_probe->tp_as_mapping->mp_ass_subscript) {
        // Also of what was made here: df.loc is made for each use, and changes what it was made for.
        return refuses_method(object, "__setitem__", k_item.operation);
    }
    const bool is_by_index = type->tp_as_sequence != nullptr && type->tp_as_sequence->sq_ass_item != nullptr;
    return (by_key != nullptr || is_by_index) && !is_surely_own(object) && refuses_self(k_item, object, nullptr);
}

bool refuses_in_place(PyObject* object, int operation, bool is_slot) noexcept {
    if (is_surely_own(object)) {
        return false;
    }
    const in_place_slot slot = in_place_slot_of(Py_TYPE(object), operation);
    if (slot.number == nullptr && slot.sequence == nullptr) {
        return false;
    }
    if (!is_slot && slot.number != nullptr && slot.number == in_place_slot_of(s_probe, operation).number) {
        return refuses_method(object, k_in_place_names[operation], k_in_place.operation);
    }
    return refuses_self(k_in_place, object, nullptr);
}

bool refuses_advance(PyObject* object, bool is_slot) noexcept {
    if (is_context_object(object)) {
        return false;
    }
    PyTypeObject* const type = Py_TYPE(object);
    if (PyCoro_CheckExact(object) || PyAsyncGen_CheckExact(object)) {
        return refuses_self(k_advance, object, nullptr);
    }
    if (!is_iterator_type(type) || is_file(type)) {
        return false;
    }
    if (!is_slot && type->tp_iternext == s_probe->tp_iternext) {
        return refuses_method(object, "__next__", k_advance.operation);
    }
    return refuses_self(k_advance, object, nullptr);
}

bool refuses_output(PyObject* object) noexcept {
    if (object == Py_None) {
        return false;
    }
    if (!PyTuple_Check(object)) {
        return (PyObject_CheckBuffer(object) != 0 || is_reference_to_data(object)) &&
               refuses_self(k_output, object, nullptr);
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object); ++i) {
        PyObject* const item = PyTuple_GET_ITEM(object, i);
        if (!PyTuple_Check(item) && refuses_output(item)) {
            return true;
        }
    }
    return false;
}

bool refuses_init(PyObject* object) noexcept {
    const bool replaces =
        PyList_Check(object) || PyDict_Check(object) || PySet_Check(object) || PyByteArray_Check(object);
    return replaces && !is_surely_own(object) && refuses_self(k_init, object, nullptr);
}

bool is_default_dict(PyObject* object) noexcept {
    static PyTypeObject* s_default_dict = nullptr;
    if (s_default_dict == nullptr) {
        s_default_dict = loaded_type("_collections", "defaultdict");
    }
    return s_default_dict != nullptr && PyType_IsSubtype(Py_TYPE(object), s_default_dict) != 0;
}

bool refuses_missing(PyObject* object, PyObject* key) noexcept {
    static constexpr guarded k_missing = {.operation = "__missing__()", .kind = change::contents};
    if (PyDict_Contains(object, key) != 0) {
        PyErr_Clear(); // it will be raised again
        return false;
    }
    return refuses_self(k_missing, object, nullptr);
}

PyObject* dict_of_object(PyObject* object, const char* name) noexcept {
    PyObject* const dict = PyObject_GetAttrString(object, name);
    if (dict != nullptr) {
        adopt_dict(object, dict);
    }
    return dict;
}

PyObject* twin_checks(PyObject*, PyObject*) noexcept {
    reference checks(PyDict_New());
    for (PyMethodDef& definition : s_functions) {
        const reference function(checks ? PyCFunction_New(&definition, nullptr) : nullptr);
        if (!function || PyDict_SetItemString(checks.get(), definition.ml_name, function.get()) != 0) {
            return nullptr;
        }
    }
    return add_call_checks(checks.get()) && add_name_checks(checks.get()) ? checks.give() : nullptr;
}

} // namespace xpar::guard
