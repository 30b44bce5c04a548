#include "runtime/python/module/work_maker.hpp"

#include "runtime/python/glue/compat.hpp"
#include "runtime/python/glue/reference.hpp"

#include <structmember.h>

#include <array>
#include <cstddef>

namespace xpar {
namespace {

enum class work_slot { id, name, cell, engine, batch, index, known_result, count };

constexpr std::size_t k_slots = static_cast<std::size_t>(work_slot::count);
constexpr std::array<const char*, k_slots> k_slot_names = {"id",     "name",   "_cell",        "_engine",
                                                           "_batch", "_index", "_known_result"};

PyTypeObject* s_class = nullptr; // for as long as the process lives, as the engine
PyObject* s_unread = nullptr;
PyObject* s_no_index = nullptr;
std::array<Py_ssize_t, k_slots> s_offsets;

PyObject*& slot_of(PyObject* work, work_slot which) noexcept {
    auto* const place = reinterpret_cast<char*>(work) + s_offsets[static_cast<std::size_t>(which)];
    return *reinterpret_cast<PyObject**>(place);
}

bool has_attributes(PyObject* work) noexcept {
    PyObject** const dict = _PyObject_GetDictPtr(work);
    return dict != nullptr && *dict != nullptr;
}

bool is_list_of_works(PyObject* works) noexcept {
    if (s_class == nullptr || !PyList_Check(works)) {
        PyErr_SetString(PyExc_TypeError, "a list of works is wanted");
        return false;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(works); ++i) {
        if (!PyObject_TypeCheck(PyList_GET_ITEM(works, i), s_class)) {
            PyErr_SetString(PyExc_TypeError, "a list of works is wanted");
            return false;
        }
    }
    return true;
}

} // namespace

PyObject* know_works(PyObject*, PyObject* arguments) noexcept {
    PyTypeObject* type = nullptr;
    PyObject* unread = nullptr;
    if (PyArg_ParseTuple(arguments, "O!O", &PyType_Type, &type, &unread) == 0) {
        return nullptr;
    }
    for (std::size_t i = 0; i < k_slots; ++i) {
        PyObject* const slot = PyDict_GetItemString(dict_of(type), k_slot_names[i]);
        if (slot == nullptr || !Py_IS_TYPE(slot, &PyMemberDescr_Type) ||
            reinterpret_cast<PyMemberDescrObject*>(slot)->d_member->type != T_OBJECT_EX) {
            PyErr_Format(PyExc_TypeError, "%s has no slot %s", type->tp_name, k_slot_names[i]);
            return nullptr;
        }
        s_offsets[i] = reinterpret_cast<PyMemberDescrObject*>(slot)->d_member->offset;
    }
    s_no_index = PyLong_FromLong(-1);
    s_unread = Py_NewRef(unread);
    Py_INCREF(type);
    s_class = type;
    Py_RETURN_NONE;
}

// Benchmark: work_bench, a million works that do nothing.
PyObject* make_work(const new_work& with) noexcept {
    PyObject* const made = s_class->tp_alloc(s_class, 0);
    if (made == nullptr) {
        return nullptr;
    }
    slot_of(made, work_slot::id) = Py_NewRef(with.id);
    slot_of(made, work_slot::name) = Py_NewRef(with.name);
    slot_of(made, work_slot::cell) = Py_NewRef(with.cell);
    slot_of(made, work_slot::engine) = Py_NewRef(with.engine);
    slot_of(made, work_slot::batch) = Py_NewRef(Py_None);
    slot_of(made, work_slot::index) = Py_NewRef(with.index);
    slot_of(made, work_slot::known_result) = Py_NewRef(s_unread);
    PyObject_GC_UnTrack(made);
    return made;
}

PyObject* python_make_work(PyObject*, PyObject* const* values, Py_ssize_t count) noexcept {
    if (s_class == nullptr || count != 4) {
        PyErr_SetString(PyExc_TypeError, "make_work(id, name, cell, engine)");
        return nullptr;
    }
    return make_work({values[0], values[1], values[2], values[3], s_no_index});
}

PyObject* name_of(PyObject*, PyObject* callable) noexcept {
    PyObject* name = nullptr;
    if (PyFunction_Check(callable)) {
        name = Py_NewRef(reinterpret_cast<PyFunctionObject*>(callable)->func_name);
    } else {
        static PyObject* const attribute = PyUnicode_InternFromString("__name__");
        if (attribute == nullptr || optional_attribute(callable, attribute, &name) < 0) {
            return nullptr;
        }
    }
    if (name != nullptr && PyUnicode_CheckExact(name) && PyUnicode_GET_LENGTH(name) != 0) {
        // `int.__name__` is a new string each time, 64 bytes for each of a million works.
        PyUnicode_InternInPlace(&name);
        return name;
    }
    Py_XDECREF(name);
    return PyType_GetName(Py_TYPE(callable));
}

PyObject* assign_batch(PyObject*, PyObject* const* arguments, Py_ssize_t count) noexcept {
    if (count != 2 || !is_list_of_works(arguments[0])) {
        return PyErr_Occurred() != nullptr ? nullptr : PyErr_Format(PyExc_TypeError, "assign_batch(works, batch)");
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(arguments[0]); ++i) {
        PyObject* const work = PyList_GET_ITEM(arguments[0], i);
        PyObject*& index = slot_of(work, work_slot::index);
        if (PyLong_AsSsize_t(index) != i) {
            PyObject* const number = PyLong_FromSsize_t(i);
            if (number == nullptr) {
                return nullptr;
            }
            Py_SETREF(index, number);
        }
        Py_SETREF(slot_of(work, work_slot::batch), Py_NewRef(arguments[1]));
    }
    Py_RETURN_NONE;
}

PyObject* with_attributes(PyObject*, PyObject* works) noexcept {
    if (!is_list_of_works(works)) {
        return nullptr;
    }
    reference special(PyList_New(0));
    for (Py_ssize_t i = 0; special && i < PyList_GET_SIZE(works); ++i) {
        const reference number(has_attributes(PyList_GET_ITEM(works, i)) ? PyLong_FromSsize_t(i) : nullptr);
        if (PyErr_Occurred() != nullptr || (number && PyList_Append(special.get(), number.get()) != 0)) {
            return nullptr;
        }
    }
    return special.give();
}

} // namespace xpar
