#include "runtime/python/guard/storage.hpp"

#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/ctypes_data.hpp"
#include "runtime/python/guard/plain_attribute.hpp"

#include <cstdlib>
#include <string_view>

namespace xpar::guard {
namespace {

// The beginning of numpy's PyArrayObject, the same since numpy 1.0; declared here, so that numpy is not needed to
// build.
struct array_fields {
    PyObject_HEAD char* data;
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

bool is_array(PyObject* object) noexcept {
    return s_ndarray != nullptr && PyObject_TypeCheck(object, s_ndarray);
}

// From its first to its last item.
std::size_t span_of(const array_fields& array) noexcept {
    Py_intptr_t span = 0;
    for (int i = 0; i < array.dimensions_count; ++i) {
        span += std::abs(array.strides[i]) * (array.dimensions[i] - 1);
    }
    return span > 0 ? static_cast<std::size_t>(span) : 0;
}

// Does `place` lie in the memory that `array` shows?
bool shows(const array_fields& array, const char* place) noexcept {
    const char* low = array.data;
    const char* high = array.data;
    for (int i = 0; i < array.dimensions_count; ++i) {
        const Py_intptr_t span = array.strides[i] * (array.dimensions[i] - 1);
        (span < 0 ? low : high) += span;
    }
    return array.dimensions_count >= 0 && place >= low && place <= high;
}

// What an iterator over arrays hands out lies in one of them, or in a buffer of its own. Borrowed.
PyObject* operand_at(PyObject* iterator, const char* place) noexcept {
    const reference operands = plain_attribute(iterator, "operands"); // the iterator holds the arrays
    PyObject* found = nullptr;
    for (Py_ssize_t i = 0; operands && PyTuple_Check(operands.get()) && i < PyTuple_GET_SIZE(operands.get()); ++i) {
        PyObject* const operand = PyTuple_GET_ITEM(operands.get(), i);
        if (found == nullptr && is_array(operand) && shows(*reinterpret_cast<array_fields*>(operand), place)) {
            found = operand;
        }
    }
    return found;
}

// Borrowed: what is asked for is held by `holder`.
PyObject* attribute_of(PyObject* holder, const char* name) noexcept {
    return plain_attribute(holder, name).get();
}

// Objects written in Python lend the memory of an array that they hold, by `__array_interface__`: numpy's as_strided()
// makes such. Borrowed; null where `holder`, an object of this context, has no such array.
PyObject* held_array(PyObject* holder, const char* place) noexcept {
    if ((Py_TYPE(holder)->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0 || Py_TYPE(holder)->tp_dictoffset == 0) {
        return nullptr;
    }
    const reference attributes(PyObject_GenericGetDict(holder, nullptr));
    PyErr_Clear();
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    for (Py_ssize_t at = 0; attributes && PyDict_Next(attributes.get(), &at, &key, &value) != 0;) {
        if (array_shows(value, place)) {
            return value;
        }
    }
    return nullptr;
}

// `object` is what `view` has as its base. Stand-ins lead on to what they stand for.
PyObject* behind(PyObject* base, PyObject* view) noexcept {
    const std::string_view type = Py_TYPE(base)->tp_name;
    if (type == "numpy.nditer" && is_array(view)) {
        PyObject* const operand = operand_at(base, reinterpret_cast<array_fields*>(view)->data);
        return operand != nullptr ? operand : base;
    }
    if (PyObject* const array =
            is_array(view) ? held_array(base, reinterpret_cast<array_fields*>(view)->data) : nullptr) {
        return array;
    }
    if (type == "_io._BytesIOBuffer") {
        return *reinterpret_cast<PyObject**>(base + 1); // its only field: the BytesIO
    }
    return base;
}

PyObject* base_of(PyObject* object) noexcept {
    PyObject* base = nullptr;
    if (is_ctypes_data(Py_TYPE(object))) {
        return holder_of_data(object);
    }
    if (is_reference_to_data(object)) {
        return attribute_of(object, "_obj");
    }
    if (is_array(object)) {
        base = reinterpret_cast<array_fields*>(object)->base;
    } else if (PyMemoryView_Check(object)) {
        base = PyMemoryView_GET_BUFFER(object)->obj;
    } else if (s_flat_iterator != nullptr && Py_IS_TYPE(object, s_flat_iterator)) {
        return attribute_of(object, "base");
    }
    return base != nullptr && is_context_object(base) ? behind(base, object) : base;
}

} // namespace

void know_array_types(PyTypeObject* ndarray, PyTypeObject* flat_iterator, PyTypeObject* scalar) noexcept {
    s_ndarray = ndarray;
    s_flat_iterator = flat_iterator;
    s_scalar = scalar;
}

bool array_shows(PyObject* object, const char* place) noexcept {
    return is_array(object) && shows(*reinterpret_cast<array_fields*>(object), place);
}

bool is_array_scalar(PyTypeObject* type) noexcept {
    return s_scalar != nullptr && PyType_IsSubtype(type, s_scalar) != 0;
}

bool is_view_type(PyTypeObject* type) noexcept {
    return type == &PyMemoryView_Type || is_ctypes_data(type) ||
           (s_ndarray != nullptr && PyType_IsSubtype(type, s_ndarray) != 0) ||
           (s_flat_iterator != nullptr && type == s_flat_iterator);
}

bool owns_storage(PyObject* object, std::size_t least, void*& data, std::size_t& bytes) noexcept {
    if (PyByteArray_Check(object)) {
        data = PyByteArray_AS_STRING(object);
        bytes = static_cast<std::size_t>(PyByteArray_GET_SIZE(object));
        return true;
    }
    if (!is_array(object) || reinterpret_cast<array_fields*>(object)->base != nullptr ||
        span_of(*reinterpret_cast<array_fields*>(object)) < least) {
        return false;
    }
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_STRIDES | PyBUF_WRITABLE) != 0) {
        PyErr_Clear(); // read-only, or of a type without buffers (dates)
        return false;
    }
    data = view.buf;
    bytes = PyBuffer_IsContiguous(&view, 'A') != 0 ? static_cast<std::size_t>(view.len) : 0;
    PyBuffer_Release(&view);
    return true;
}

PyObject* owner_of_memory(PyObject* object) noexcept {
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

PyObject* owner_of_storage(PyObject* object) noexcept {
    if (is_ctypes_data(Py_TYPE(object))) {
        PyObject* const target = holder_of_target(object);
        return target != nullptr ? owner_of_memory(target) : object;
    }
    return owner_of_memory(object);
}

} // namespace xpar::guard
