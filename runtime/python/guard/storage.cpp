#include "runtime/python/guard/storage.hpp"

namespace xpar::guard {
namespace {

// The beginning of numpy's PyArrayObject, the same since numpy 1.0; declared here, so that numpy is not needed to build.
struct array_fields {
    PyObject_HEAD
    char* data;
    int dimensions_count;
    Py_intptr_t* dimensions;
    Py_intptr_t* strides;
    PyObject* base;
};

PyTypeObject* s_ndarray = nullptr;
PyTypeObject* s_flat_iterator = nullptr;
PyTypeObject* s_scalar = nullptr;

// numpy sees to it that chains of bases are short; a circle must not hang a context all the same.
constexpr int k_longest_chain = 64;

PyObject* base_of(PyObject* object) noexcept {
    if (s_ndarray != nullptr && PyObject_TypeCheck(object, s_ndarray)) {
        return reinterpret_cast<array_fields*>(object)->base;
    }
    if (PyMemoryView_Check(object)) {
        return PyMemoryView_GET_BUFFER(object)->obj;
    }
    if (s_flat_iterator != nullptr && Py_IS_TYPE(object, s_flat_iterator)) {
        PyObject* const array = PyObject_GetAttrString(object, "base");
        Py_XDECREF(array); // the iterator holds it
        return array;
    }
    return nullptr;
}

} // namespace

void know_array_types(PyTypeObject* ndarray, PyTypeObject* flat_iterator, PyTypeObject* scalar) noexcept {
    s_ndarray = ndarray;
    s_flat_iterator = flat_iterator;
    s_scalar = scalar;
}

bool is_array_scalar(PyTypeObject* type) noexcept { return s_scalar != nullptr && PyType_IsSubtype(type, s_scalar) != 0; }

bool is_view_type(PyTypeObject* type) noexcept {
    return type == &PyMemoryView_Type || (s_ndarray != nullptr && PyType_IsSubtype(type, s_ndarray) != 0) ||
           (s_flat_iterator != nullptr && type == s_flat_iterator);
}

PyObject* owner_of_storage(PyObject* object) noexcept {
    PyObject* owner = object;
    for (int i = 0; i < k_longest_chain; ++i) {
        PyObject* const base = base_of(owner);
        if (base == nullptr) {
            break;
        }
        owner = base;
    }
    const bool is_changeable = !PyBytes_Check(owner) && !PyCapsule_CheckExact(owner);
    return is_changeable ? owner : object;
}

} // namespace xpar::guard
