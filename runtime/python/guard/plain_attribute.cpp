#include "runtime/python/guard/plain_attribute.hpp"

namespace xpar::guard {

bool is_plain_attribute(PyTypeObject* type, PyObject* name) noexcept {
    PyObject* const found = _PyType_Lookup(type, name);
    return found == nullptr || Py_TYPE(found)->tp_descr_get == nullptr || Py_IS_TYPE(found, &PyMemberDescr_Type) ||
           Py_IS_TYPE(found, &PyGetSetDescr_Type);
}

reference plain_attribute(PyObject* object, PyObject* name) noexcept {
    if (!is_plain_attribute(Py_TYPE(object), name)) {
        return {};
    }
    PyObject* type = nullptr; // of an error that is on its way while we look
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    // Not PyObject_GetAttr: that calls the type's __getattribute__ and __getattr__.
    reference found(PyObject_GenericGetAttr(object, name));
    PyErr_Restore(type, value, traceback);
    return found;
}

reference plain_attribute(PyObject* object, const char* name) noexcept {
    const reference key(PyUnicode_InternFromString(name));
    if (!key) {
        PyErr_Clear();
    }
    return key ? plain_attribute(object, key.get()) : reference();
}

} // namespace xpar::guard
