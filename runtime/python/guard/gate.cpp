#include "runtime/python/guard/gate.hpp"

#include "runtime/python/guard/instance_dicts.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/guard/shared_memory.hpp"
#include "runtime/python/guard/storage.hpp"

namespace xpar::guard {
namespace {

PyObject* argument_of(const guarded& what, const call_arguments& given) noexcept {
    if (what.position >= 0 && what.position < given.count) {
        return given.positional[what.position];
    }
    if (what.keyword == nullptr || given.names == nullptr) {
        return nullptr;
    }
    if (PyDict_Check(given.names)) {
        return PyDict_GetItemString(given.names, what.keyword);
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given.names); ++i) {
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(given.names, i), what.keyword) == 0) {
            return given.positional[given.count + i];
        }
    }
    return nullptr;
}

// CPython works on a copy of an iterator in a local variable when it pickles one.
bool is_local_variable(PyObject* object) noexcept {
    constexpr std::uintptr_t k_nearest_frames = 64 * 1024;
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    return reinterpret_cast<std::uintptr_t>(object) - here < k_nearest_frames;
}

// What cannot be changed says so itself.
bool is_immutable(PyTypeObject* type) noexcept {
    for (PyTypeObject* const other :
         {&PyLong_Type, &PyUnicode_Type, &PyBytes_Type, &PyTuple_Type, &PyFloat_Type, &PyBool_Type, Py_TYPE(Py_None),
          &PyFrozenSet_Type, &PyComplex_Type, &PyRange_Type}) {
        if (type == other) {
            return true;
        }
    }
    return false;
}

bool refuses_object(const guarded& what, PyObject* object, PyObject* name) noexcept {
    // A view that was made here may show memory that was not; its attributes and its position are its own.
    const bool is_own_state = what.kind == change::attribute || what.kind == change::position;
    PyObject* changed = object;
    if (!is_own_state) {
        changed = what.kind == change::fields ? owner_of_memory(object) : owner_of_storage(object);
    }
    // Extension types that allocate their objects with the raw allocator have them among the buffers.
    if (is_context_memory(changed)) {
        changed = adopted_by(changed);
    }
    if (changed == nullptr || is_local_variable(changed) || is_immutable(Py_TYPE(changed))) {
        return false;
    }
    // A view of memory that processes share. The mapping itself is an object of the main thread like others.
    if (changed != object && shows_shared_memory(changed)) {
        return false;
    }
    return refuses_change(changed, what.kind, what.operation, name);
}

} // namespace

bool refuses_self(const guarded& what, PyObject* self, PyObject* name) noexcept {
    return is_armed() && refuses_object(what, self, name);
}

bool refuses_store_to_borrowed_dict(PyObject* object, PyObject* name) noexcept {
    PyObject* const dict = is_armed() ? borrowed_dict_of(object) : nullptr;
    if (dict == nullptr || !PyUnicode_Check(name)) {
        return false;
    }
    PyObject* const found = _PyType_Lookup(Py_TYPE(object), name);
    const bool goes_elsewhere = found != nullptr && Py_TYPE(found)->tp_descr_set != nullptr;
    return !goes_elsewhere && refuses_object(k_attribute, dict, name);
}

bool refuses_arguments(const guarded& what, const call_arguments& given) noexcept {
    PyObject* const object = is_armed() ? argument_of(what, given) : nullptr;
    if (object == nullptr || object == Py_None) {
        return false; // without the argument, the original says what is wrong
    }
    if (what.changes == subject::output && PyTuple_Check(object)) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object); ++i) {
            PyObject* const item = PyTuple_GET_ITEM(object, i);
            if (item != Py_None && refuses_object(what, item, nullptr)) {
                return true;
            }
        }
        return false;
    }
    return refuses_object(what, object, nullptr);
}

} // namespace xpar::guard
