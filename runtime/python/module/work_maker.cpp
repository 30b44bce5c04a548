#include "runtime/python/module/work_maker.hpp"

#include <structmember.h>

#include <vector>

namespace xpar {
namespace {

PyTypeObject* s_class = nullptr; // for as long as the process lives, as the engine
std::vector<Py_ssize_t> s_offsets;

} // namespace

PyObject* know_works(PyObject*, PyObject* arguments) noexcept {
    PyTypeObject* type = nullptr;
    PyObject* names = nullptr;
    if (PyArg_ParseTuple(arguments, "O!O!", &PyType_Type, &type, &PyTuple_Type, &names) == 0) {
        return nullptr;
    }
    std::vector<Py_ssize_t> offsets;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); ++i) {
        PyObject* const slot = PyDict_GetItemWithError(type->tp_dict, PyTuple_GET_ITEM(names, i));
        if (slot == nullptr || !Py_IS_TYPE(slot, &PyMemberDescr_Type) ||
            reinterpret_cast<PyMemberDescrObject*>(slot)->d_member->type != T_OBJECT_EX) {
            PyErr_Format(PyExc_TypeError, "%R is no slot of %s", PyTuple_GET_ITEM(names, i), type->tp_name);
            return nullptr;
        }
        offsets.push_back(reinterpret_cast<PyMemberDescrObject*>(slot)->d_member->offset);
    }
    Py_INCREF(type);
    s_class = type;
    s_offsets = std::move(offsets);
    Py_RETURN_NONE;
}

// Benchmark: a work of a million that do nothing.
PyObject* new_work(PyObject*, PyObject* const* values, Py_ssize_t count) noexcept {
    if (s_class == nullptr || count != static_cast<Py_ssize_t>(s_offsets.size())) {
        PyErr_Format(PyExc_TypeError, "new_work takes %zd values, not %zd", static_cast<Py_ssize_t>(s_offsets.size()), count);
        return nullptr;
    }
    PyObject* const made = s_class->tp_alloc(s_class, 0);
    if (made == nullptr) {
        return nullptr;
    }
    for (Py_ssize_t i = 0; i < count; ++i) {
        auto* const place = reinterpret_cast<char*>(made) + s_offsets[static_cast<std::size_t>(i)];
        *reinterpret_cast<PyObject**>(place) = Py_NewRef(values[i]);
    }
    PyObject_GC_UnTrack(made);
    return made;
}

} // namespace xpar
