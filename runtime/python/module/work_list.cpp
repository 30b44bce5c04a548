#include "runtime/python/module/work_list.hpp"

#include "runtime/python/glue/reference.hpp"
#include "runtime/python/glue/type_slot.hpp"
#include "runtime/python/module/work_maker.hpp"

#include <structmember.h>

namespace xpar {
namespace {

struct work_list_object {
    PyObject_HEAD PyObject* works; // list
    PyObject* tasks;               // list, see glue/tasks.hpp
    Py_ssize_t first;              // the index of the first of `works`
};

work_list_object* as_work_list(PyObject* object) noexcept {
    return reinterpret_cast<work_list_object*>(object);
}

// Interned once: a string made for every call costs as much as the call.
PyObject* interned(const char* name) noexcept {
    return PyUnicode_InternFromString(name);
}

PyObject* call(PyObject* object, PyObject* method) noexcept {
    return method != nullptr ? PyObject_CallMethodNoArgs(object, method) : nullptr;
}

// An RLock of Python's, held for the length of a scope.
class lock_held {
public:
    explicit lock_held(PyObject* lock) noexcept : m_lock(lock) {
        static PyObject* const acquire = interned("acquire");
        const reference taken(call(lock, acquire));
        m_is_held = static_cast<bool>(taken);
    }
    ~lock_held() {
        if (m_is_held) {
            PyObject* type = nullptr;
            PyObject* value = nullptr;
            PyObject* traceback = nullptr;
            PyErr_Fetch(&type, &value, &traceback);
            static PyObject* const release = interned("release");
            const reference released(call(m_lock, release));
            PyErr_Restore(type, value, traceback);
        }
    }
    lock_held(const lock_held&) = delete;
    lock_held& operator=(const lock_held&) = delete;
    bool is_held() const noexcept { return m_is_held; }

private:
    PyObject* m_lock;
    bool m_is_held = false;
};

PyObject* new_list(PyTypeObject* type, PyObject*, PyObject*) {
    PyObject* const made = type->tp_alloc(type, 0);
    if (made != nullptr) {
        as_work_list(made)->works = PyList_New(0);
        as_work_list(made)->tasks = PyList_New(0);
        if (as_work_list(made)->works == nullptr || as_work_list(made)->tasks == nullptr) {
            Py_DECREF(made);
            return nullptr;
        }
    }
    return made;
}

int traverse(PyObject* object, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(as_work_list(object)->works);
    Py_VISIT(as_work_list(object)->tasks);
    return 0;
}

int clear(PyObject* object) {
    Py_CLEAR(as_work_list(object)->works);
    Py_CLEAR(as_work_list(object)->tasks);
    return 0;
}

void dealloc(PyObject* object) {
    PyTypeObject* const type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    clear(object);
    type->tp_free(object);
    Py_DECREF(type);
}

// The package puts other lists there when works are taken.
bool has_lists(work_list_object* self) noexcept {
    if (self->works == nullptr || !PyList_CheckExact(self->works) || self->tasks == nullptr ||
        !PyList_CheckExact(self->tasks)) {
        PyErr_SetString(PyExc_TypeError, "works and tasks must be lists");
        return false;
    }
    return true;
}

// All or nothing: a work without a task would shift those of all that follow.
bool append(work_list_object* self, PyObject* work, PyObject* callable, PyObject* args, PyObject* kwds) noexcept {
    const Py_ssize_t works = PyList_GET_SIZE(self->works);
    const Py_ssize_t tasks = PyList_GET_SIZE(self->tasks);
    if (PyList_Append(self->works, work) == 0 && PyList_Append(self->tasks, callable) == 0 &&
        PyList_Append(self->tasks, args) == 0 && PyList_Append(self->tasks, kwds) == 0) {
        return true;
    }
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    (void)PyList_SetSlice(self->works, works, PY_SSIZE_T_MAX, nullptr); // to shrink takes no memory
    (void)PyList_SetSlice(self->tasks, tasks, PY_SSIZE_T_MAX, nullptr);
    PyErr_Restore(type, value, traceback);
    return false;
}

// append(work, func, args, kwds)
PyObject* python_append(PyObject* object, PyObject* const* arguments, Py_ssize_t count) noexcept {
    if (count != 4) {
        return PyErr_Format(PyExc_TypeError, "append(work, func, args, kwds)");
    }
    if (!has_lists(as_work_list(object)) ||
        !append(as_work_list(object), arguments[0], arguments[1], arguments[2], arguments[3])) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* args_tuple(PyObject* args) noexcept {
    if (args == Py_None) {
        return PyTuple_New(0);
    }
    return PyTuple_CheckExact(args) ? Py_NewRef(args) : PyTuple_Pack(1, args);
}

// submit(lock, numbers, engine, cell, func, args): see the docstring. Benchmark: work_bench.
PyObject* submit(PyObject* object, PyObject* const* arguments, Py_ssize_t count) noexcept {
    if (count != 6) {
        return PyErr_Format(PyExc_TypeError, "submit(lock, numbers, engine, cell, func, args)");
    }
    PyObject* const lock = arguments[0];
    PyObject* const numbers = arguments[1];
    PyObject* const engine = arguments[2];
    PyObject* const cell = arguments[3];
    PyObject* const func = arguments[4];
    if (PyCallable_Check(func) == 0 || (PyTuple_Check(arguments[5]) && !PyTuple_CheckExact(arguments[5]))) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    if (!PyIter_Check(numbers)) {
        return PyErr_Format(PyExc_TypeError, "numbers must be an iterator");
    }
    const reference args(args_tuple(arguments[5]));
    const reference name(args ? name_of(nullptr, func) : nullptr); // may run Python code: before the lock
    if (!name) {
        return nullptr;
    }
    const lock_held locked(lock);
    if (!locked.is_held()) {
        return nullptr;
    }
    work_list_object* const self = as_work_list(object);
    if (!has_lists(self)) {
        return nullptr;
    }
    if (PyList_GET_SIZE(self->works) == 0) {
        static PyObject* const note_time = interned("note_time");
        const reference noted(call(object, note_time));
        if (!noted || !has_lists(self)) {
            return nullptr;
        }
    }
    const reference index(PyLong_FromSsize_t(self->first + PyList_GET_SIZE(self->works)));
    const reference number(index ? Py_TYPE(numbers)->tp_iternext(numbers) : nullptr);
    reference work(number ? make_work({number.get(), name.get(), cell, engine, index.get()}) : nullptr);
    if (!work || !append(self, work.get(), func, args.get(), Py_None)) {
        return nullptr;
    }
    return work.give();
}

PyMethodDef s_methods[] = {
    {"append", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(python_append)), METH_FASTCALL,
     PyDoc_STR("append(work, func, args, kwds): the next work, and what it calls")},
    {"submit", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(submit)), METH_FASTCALL,
     PyDoc_STR("submit(lock, numbers, engine, cell, func, args) -> a new Work, appended under the lock.\n\n"
               "NotImplemented for what needs a closer look: what is no callable, arguments of a subclass of tuple.")},
    {nullptr, nullptr, 0, nullptr},
};

PyMemberDef s_members[] = {
    {"works", T_OBJECT_EX, offsetof(work_list_object, works), 0, PyDoc_STR("Those that wait, in order.")},
    {"tasks", T_OBJECT_EX, offsetof(work_list_object, tasks), 0,
     PyDoc_STR("Callable, arguments and keywords or None of each, one after the other.")},
    {"first", T_PYSSIZET, offsetof(work_list_object, first), 0, PyDoc_STR("The `_index` of the first of `works`.")},
    {nullptr, 0, 0, 0, nullptr},
};

} // namespace

bool add_work_list_type(PyObject* module) {
    static PyType_Slot slots[] = {
        {Py_tp_new, slot(new_list)},
        {Py_tp_dealloc, slot(dealloc)},
        {Py_tp_traverse, slot(traverse)},
        {Py_tp_clear, slot(clear)},
        {Py_tp_methods, s_methods},
        {Py_tp_members, s_members},
        {0, nullptr},
    };
    static PyType_Spec spec = {"parallel._core.WorkList", static_cast<int>(sizeof(work_list_object)), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
    auto* const type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    return type != nullptr && PyModule_AddType(module, type) == 0;
}

} // namespace xpar
