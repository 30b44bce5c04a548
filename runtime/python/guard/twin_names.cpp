#include "runtime/python/guard/twin_names.hpp"

#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/checked_call.hpp"
#include "runtime/python/guard/frames.hpp"
#include "runtime/python/guard/instance_dicts.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/guard/twin_calls.hpp"
#include "runtime/python/guard/twin_checks.hpp"

#include <utility>

namespace xpar::guard {
namespace {

enum scope : int { global_scope, enclosing_scope, running_scope };

// The cell of a free variable of the running function; borrowed, null when it has none of that name. (A class that has
// methods with `super` has a cell `__class__` of its own as well: free variables are the last.)
PyObject* cell_of(const frame& running, PyObject* name) noexcept {
    PyCodeObject* const code = running.code();
    for (int i = code->co_nlocalsplus - code->co_nfreevars; i < code->co_nlocalsplus; ++i) {
        PyObject* const held = running.variable(i);
        PyObject* const its_name = PyTuple_GET_ITEM(code->co_localsplusnames, i);
        if (held != nullptr && PyCell_Check(held) && (its_name == name || PyUnicode_Compare(its_name, name) == 0)) {
            return held;
        }
    }
    return nullptr;
}

// What a name is bound in: the dict of a module, a cell, or the namespace of exec. Borrowed.
PyObject* owner_of(scope where, PyObject* name) noexcept {
    switch (where) {
    case global_scope:
        return PyEval_GetGlobals();
    case enclosing_scope: {
        const frame running = frame::current();
        return running ? cell_of(running, name) : nullptr;
    }
    default:
        return PyEval_GetLocals();
    }
}

bool refuses_name(scope where, PyObject* name) noexcept {
    PyObject* const owner = owner_of(where, name);
    return owner != nullptr && is_of_main(owner) &&
           refuses_binding(owner, name, where == enclosing_scope ? "nonlocal" : "global");
}

// ---- names as items: NAMES["x"] = v
// ----------------------------------------------------------------------------------

struct names_object {
    PyObject_HEAD scope where;
};

int set_cell(PyObject* cell, PyObject* name, PyObject* value) noexcept {
    if (cell == nullptr) {
        PyErr_Format(PyExc_SystemError, "no variable %R", name);
        return -1;
    }
    if (value == nullptr && PyCell_GET(cell) == nullptr) {
        PyErr_Format(PyExc_NameError,
                     "cannot access free variable '%U' where it is not associated with a value in enclosing scope",
                     name);
        return -1;
    }
    return PyCell_Set(cell, value);
}

int names_store(PyObject* self, PyObject* name, PyObject* value) noexcept {
    const scope where = reinterpret_cast<names_object*>(self)->where;
    if (refuses_name(where, name)) {
        return -1;
    }
    PyObject* const owner = owner_of(where, name);
    if (where == enclosing_scope) {
        return set_cell(owner, name, value);
    }
    if (value != nullptr) {
        return PyObject_SetItem(owner, name, value);
    }
    if (PyObject_DelItem(owner, name) == 0) {
        return 0;
    }
    if (PyErr_ExceptionMatches(PyExc_KeyError) != 0) {
        PyErr_Format(PyExc_NameError, "name '%U' is not defined", name);
    }
    return -1;
}

// ---- what stands for an object: PLACE(x).a += v, LOOKUP(x)[k], METHOD(x, "m").m()
// ------------------------------------

struct place_object {
    PyObject_HEAD PyObject* object;
    int operation;
};

// In place of an operator: the item is read only; the attribute is called.
constexpr int k_lookup = -1;
constexpr int k_method = -2;

PyTypeObject* s_place = nullptr;

place_object& place(PyObject* self) noexcept {
    return *reinterpret_cast<place_object*>(self);
}

// What was found there, unless the operator would change it.
PyObject* looked_at(PyObject* self, PyObject* value) noexcept {
    if (value != nullptr && is_armed() && refuses_in_place(value, place(self).operation)) {
        Py_DECREF(value);
        return nullptr;
    }
    return value;
}

// What will be refused is refused before the operator has changed what is there.
PyObject* place_get_attribute(PyObject* self, PyObject* name) noexcept {
    PyObject* const object = place(self).object;
    if (place(self).operation == k_method) {
        const reference method(PyObject_GetAttr(object, name));
        return method ? checked_callee(method.get()) : nullptr;
    }
    return is_armed() && refuses_attribute(object, name) ? nullptr : looked_at(self, PyObject_GetAttr(object, name));
}

int place_set_attribute(PyObject* self, PyObject* name, PyObject* value) noexcept {
    return PyObject_SetAttr(place(self).object, name, value);
}

PyObject* place_get_item(PyObject* self, PyObject* key) noexcept {
    PyObject* const object = place(self).object;
    if (place(self).operation == k_lookup) {
        return is_armed() && refuses_missing(object, key) ? nullptr : PyObject_GetItem(object, key);
    }
    return is_armed() && refuses_item(object) ? nullptr : looked_at(self, PyObject_GetItem(object, key));
}

int place_set_item(PyObject* self, PyObject* key, PyObject* value) noexcept {
    return PyObject_SetItem(place(self).object, key, value);
}

PyObject* s_free_place = nullptr; // one is enough: they live for one statement

void place_dealloc(PyObject* self) noexcept {
    Py_DECREF(place(self).object);
    if (s_free_place == nullptr) {
        s_free_place = self;
        return;
    }
    PyTypeObject* const type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject* new_place(PyObject* object, int operation) noexcept {
    auto* made = reinterpret_cast<place_object*>(std::exchange(s_free_place, nullptr));
    if (made != nullptr) {
        Py_SET_REFCNT(made, 1);
    } else if ((made = PyObject_New(place_object, s_place)) == nullptr) {
        return nullptr;
    }
    made->object = Py_NewRef(object);
    made->operation = operation;
    return reinterpret_cast<PyObject*>(made);
}

template <int Operation>
PyObject* make_place(PyObject*, PyObject* object) {
    return new_place(object, Operation);
}

// method(x, "m").m(...): what stands for x looks at what is called.
PyObject* check_method(PyObject*, PyObject* const* arguments, Py_ssize_t) {
    PyObject* const object = arguments[0];
    return is_armed() && method_needs_look(object, arguments[1]) ? new_place(object, k_method) : Py_NewRef(object);
}

// lookup(x)[key], where x may be a defaultdict, which makes what is missing.
PyObject* check_lookup(PyObject*, PyObject* object) {
    const bool may_make =
        !is_context_object(object) && PyDict_Check(object) && !PyDict_CheckExact(object) && is_default_dict(object);
    return may_make ? new_place(object, k_lookup) : Py_NewRef(object);
}

// ---- where the statement has to stay as it is
// ------------------------------------------------------------------------

// bound(scope, name, value): the value, before a walrus or `g += v` binds it; `def`, `class` and `import` come with
// None.
PyObject* check_bound(PyObject*, PyObject* const* arguments, Py_ssize_t) {
    const auto where = static_cast<scope>(PyLong_AsLong(arguments[0]));
    return is_armed() && refuses_name(where, arguments[1]) ? nullptr : Py_NewRef(arguments[2]);
}

// caught(scope, name, classes): the classes of `except classes as name`, when they are asked whether they match.
PyObject* check_caught(PyObject* module, PyObject* const* arguments, Py_ssize_t count) {
    const reference handled(PyErr_GetHandledException());
    const bool matches = handled && PyErr_GivenExceptionMatches(handled.get(), arguments[2]) != 0;
    return matches ? check_bound(module, arguments, count) : Py_NewRef(arguments[2]);
}

PyMethodDef s_functions[] = {
    {"place 0", make_place<0>, METH_O, nullptr},
    {"place 1", make_place<1>, METH_O, nullptr},
    {"place 2", make_place<2>, METH_O, nullptr},
    {"place 3", make_place<3>, METH_O, nullptr},
    {"place 4", make_place<4>, METH_O, nullptr},
    {"place 5", make_place<5>, METH_O, nullptr},
    {"place 6", make_place<6>, METH_O, nullptr},
    {"place 7", make_place<7>, METH_O, nullptr},
    {"place 8", make_place<8>, METH_O, nullptr},
    {"place 9", make_place<9>, METH_O, nullptr},
    {"place 10", make_place<10>, METH_O, nullptr},
    {"place 11", make_place<11>, METH_O, nullptr},
    {"place 12", make_place<12>, METH_O, nullptr},
    {"method", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(check_method)), METH_FASTCALL, nullptr},
    {"lookup", check_lookup, METH_O, nullptr},
    {"bound", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(check_bound)), METH_FASTCALL, nullptr},
    {"caught", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(check_caught)), METH_FASTCALL, nullptr},
};

PyTypeObject* make_place_type() noexcept {
    static PyType_Slot slots[] = {{Py_tp_getattro, reinterpret_cast<void*>(place_get_attribute)},
                                  {Py_tp_setattro, reinterpret_cast<void*>(place_set_attribute)},
                                  {Py_mp_subscript, reinterpret_cast<void*>(place_get_item)},
                                  {Py_mp_ass_subscript, reinterpret_cast<void*>(place_set_item)},
                                  {Py_tp_dealloc, reinterpret_cast<void*>(place_dealloc)},
                                  {0, nullptr}};
    static PyType_Spec spec = {"parallel._core.place", sizeof(place_object), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

bool add_names(PyObject* checks) noexcept {
    static PyType_Slot slots[] = {{Py_mp_ass_subscript, reinterpret_cast<void*>(names_store)}, {0, nullptr}};
    static PyType_Spec spec = {"parallel._core.names", sizeof(names_object), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    const reference type(PyType_FromSpec(&spec));
    constexpr const char* k_keys[] = {"global_names", "enclosing_names", "running_names"};
    for (int i = global_scope; i <= running_scope; ++i) {
        const reference made(type ? PyType_GenericAlloc(reinterpret_cast<PyTypeObject*>(type.get()), 0) : nullptr);
        if (!made) {
            return false;
        }
        reinterpret_cast<names_object*>(made.get())->where = static_cast<scope>(i);
        if (PyDict_SetItemString(checks, k_keys[i], made.get()) != 0) {
            return false;
        }
    }
    return true;
}

} // namespace

bool add_name_checks(PyObject* checks) noexcept {
    s_place = s_place != nullptr ? s_place : make_place_type();
    for (PyMethodDef& definition : s_functions) {
        const reference function(s_place != nullptr ? PyCFunction_New(&definition, nullptr) : nullptr);
        if (!function || PyDict_SetItemString(checks, definition.ml_name, function.get()) != 0) {
            return false;
        }
    }
    return add_names(checks);
}

} // namespace xpar::guard
