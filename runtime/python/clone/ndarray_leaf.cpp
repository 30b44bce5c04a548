#include "runtime/python/clone/ndarray_leaf.hpp"

#include "runtime/python/glue/loaded_type.hpp"
#include "runtime/python/glue/reference.hpp"

namespace xpar::clone {
namespace {

bool is_true(const reference& value, bool& result) noexcept {
    const int truth = value ? PyObject_IsTrue(value.get()) : -1;
    result = truth > 0;
    return truth >= 0;
}

// datetime64, timedelta64 and records of them refuse the buffer protocol; the same bytes as void do not.
// What is pickled then is numpy.ndarray.view(bytes as void, dtype).
PyObject* reduce_through_void(PyObject* array, PyObject* dtype) noexcept {
    const reference item_size(PyObject_GetAttrString(dtype, "itemsize"));
    const reference as_void(item_size ? PyUnicode_FromFormat("V%S", item_size.get()) : nullptr);
    const reference view(as_void ? PyObject_CallMethod(array, "view", "(O)", as_void.get()) : nullptr);
    const reference restore(view ? PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(array)), "view")
                                 : nullptr);
    return restore ? Py_BuildValue("O(OO)", restore.get(), view.get(), dtype) : nullptr;
}

} // namespace

PyObject* reduce_ndarray(PyObject* object) noexcept {
    // Exactly arrays: a subclass may keep more than its bytes.
    if (Py_TYPE(object) != loaded_type("numpy", "ndarray")) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    Py_buffer exported;
    const bool has_buffer = PyObject_GetBuffer(object, &exported, PyBUF_FULL_RO) == 0;
    if (has_buffer) {
        const bool is_contiguous = PyBuffer_IsContiguous(&exported, 'A') != 0;
        PyBuffer_Release(&exported);
        if (is_contiguous) {
            Py_RETURN_NOTIMPLEMENTED; // pickle hands the buffer over as it is
        }
    } else {
        PyErr_Clear(); // that it refuses is the answer
    }
    const reference dtype(PyObject_GetAttrString(object, "dtype"));
    bool has_objects = false;
    if (!dtype || !is_true(reference(PyObject_GetAttrString(dtype.get(), "hasobject")), has_objects)) {
        return nullptr;
    }
    if (has_objects) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    if (!has_buffer) {
        return reduce_through_void(object, dtype.get());
    }
    const reference copy(PyObject_CallMethod(object, "copy", nullptr)); // in C order
    return copy ? PyObject_CallMethod(copy.get(), "__reduce_ex__", "(i)", 5) : nullptr;
}

} // namespace xpar::clone
