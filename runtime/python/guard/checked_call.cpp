#include "runtime/python/guard/checked_call.hpp"

#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/instance_dicts.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/guard/twin_calls.hpp"
#include "runtime/python/guard/twin_checks.hpp"
#include "runtime/python/guard/twin_functions.hpp"
#include "runtime/python/guard/twin_rules.hpp"

#include <structmember.h>

#include <cstddef>
#include <vector>

namespace xpar::guard {
namespace {

struct checked_call_object {
    PyObject_HEAD vectorcallfunc enter;
    PyObject* callee;
};

PyTypeObject* s_checked_call = nullptr;

PyObject*& callee_of(PyObject* self) noexcept {
    return reinterpret_cast<checked_call_object*>(self)->callee;
}

// exec(source), eval(source), compile(source, ...): of what would have been compiled, the twin.
PyObject* call_with_twin(const rule& of, PyObject* callee, PyObject* const* arguments, std::size_t flagged,
                         PyObject* names) noexcept {
    const auto count = static_cast<std::size_t>(PyVectorcall_NARGS(flagged));
    if (of.what == effect::compile) {
        call given;
        given.arguments.assign(arguments, arguments + count + (names != nullptr ? PyTuple_GET_SIZE(names) : 0));
        given.positional = static_cast<Py_ssize_t>(count);
        given.names = names;
        PyObject* const source = count > 0 ? arguments[0] : keyword_of(given, "source");
        PyObject* const mode = count > 2 ? arguments[2] : keyword_of(given, "mode");
        reference compiled(PyObject_Vectorcall(callee, arguments, flagged, names));
        return compiled ? twin_of_compiled(compiled.get(), source, mode) : nullptr; // it has had both
    }
    const std::size_t all = count + (names != nullptr ? static_cast<std::size_t>(PyTuple_GET_SIZE(names)) : 0);
    reference twin(count > 0 ? twin_of_source(arguments[0], of.number == 1) : nullptr);
    if (!twin) {
        return PyErr_Occurred() != nullptr ? nullptr : PyObject_Vectorcall(callee, arguments, flagged, names);
    }
    std::vector<PyObject*> given(arguments, arguments + all);
    given[0] = twin.get();
    return PyObject_Vectorcall(callee, given.data(), count, names);
}

PyObject* finished(const rule& of, PyObject* const* arguments, Py_ssize_t count, PyObject* result) noexcept {
    if (result == nullptr) {
        return nullptr;
    }
    const bool is_dict = PyDict_Check(result) != 0;
    if (of.what == effect::instance_dict && count == 1 && is_dict) {
        adopt_dict(arguments[0], result);
    } else if (of.what == effect::get_attribute && count > 1) {
        PyObject* const name = arguments[1];
        if (is_dict && PyUnicode_Check(name) &&
            (PyUnicode_CompareWithASCIIString(name, "__dict__") == 0 ||
             PyUnicode_CompareWithASCIIString(name, "__annotations__") == 0)) {
            adopt_dict(arguments[0], result);
        }
        PyObject* const checked = checked_callee(result);
        Py_DECREF(result);
        return checked;
    }
    return result;
}

PyObject* checked_call_enter(PyObject* self, PyObject* const* arguments, std::size_t flagged, PyObject* names) {
    PyObject* const callee = callee_of(self);
    rule of;
    const rule* const known = rule_of_unbound(callee);
    if (known != nullptr && known->what == effect::iterates) { // list(x), zip(x, y) and others that are called often
        for (Py_ssize_t i = known->number; is_armed() && i < PyVectorcall_NARGS(flagged); ++i) {
            if (refuses_advance(arguments[i])) {
                return nullptr;
            }
        }
    } else if (is_armed()) {
        call taken;
        std::vector<reference> held;
        taken.positional = PyVectorcall_NARGS(flagged);
        taken.names = names;
        const Py_ssize_t all = taken.positional + (names != nullptr ? PyTuple_GET_SIZE(names) : 0);
        taken.arguments.assign(arguments, arguments + all);
        if (take_apart(callee, taken, held) && refuses_call(taken)) {
            return nullptr;
        }
        of = taken.of;
    }
    if (of.what == effect::run || of.what == effect::compile) {
        return call_with_twin(of, callee, arguments, flagged, names);
    }
    return finished(of, arguments, PyVectorcall_NARGS(flagged), PyObject_Vectorcall(callee, arguments, flagged, names));
}

int checked_call_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(callee_of(self));
    Py_VISIT(Py_TYPE(self));
    return 0;
}

int checked_call_clear(PyObject* self) {
    Py_CLEAR(callee_of(self));
    return 0;
}

void checked_call_dealloc(PyObject* self) {
    PyObject_GC_UnTrack(self);
    Py_XDECREF(callee_of(self));
    PyTypeObject* const type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

// To whoever looks it is the callee.
PyObject* checked_call_get(PyObject* self, PyObject* name) {
    return PyObject_GetAttr(callee_of(self), name);
}
PyObject* checked_call_repr(PyObject* self) {
    return PyObject_Repr(callee_of(self));
}
Py_hash_t checked_call_hash(PyObject* self) {
    return PyObject_Hash(callee_of(self));
}

PyObject* checked_call_compare(PyObject* self, PyObject* other, int operation) {
    return PyObject_RichCompare(callee_of(self), is_checked_call(other) ? callee_of(other) : other, operation);
}

PyTypeObject* make_type() noexcept {
    static PyMemberDef members[] = {
        {"__vectorcalloffset__", T_PYSSIZET, offsetof(checked_call_object, enter), READONLY, nullptr},
        {nullptr, 0, 0, 0, nullptr},
    };
    static PyType_Slot slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(checked_call_traverse)},
                                  {Py_tp_clear, reinterpret_cast<void*>(checked_call_clear)},
                                  {Py_tp_dealloc, reinterpret_cast<void*>(checked_call_dealloc)},
                                  {Py_tp_getattro, reinterpret_cast<void*>(checked_call_get)},
                                  {Py_tp_repr, reinterpret_cast<void*>(checked_call_repr)},
                                  {Py_tp_hash, reinterpret_cast<void*>(checked_call_hash)},
                                  {Py_tp_richcompare, reinterpret_cast<void*>(checked_call_compare)},
                                  {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                                  {Py_tp_members, members},
                                  {0, nullptr}};
    static PyType_Spec spec = {"parallel._core.checked_call", sizeof(checked_call_object), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                                   Py_TPFLAGS_DISALLOW_INSTANTIATION,
                               slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

PyObject* check_call(PyObject*, PyObject* callee) {
    return checked_callee(callee);
}

PyMethodDef s_call = {"call", check_call, METH_O, nullptr};

} // namespace

bool is_checked_call(PyObject* object) noexcept {
    return Py_IS_TYPE(object, s_checked_call);
}

PyObject* make_checked_call(PyObject* callee) noexcept {
    auto* const made = PyObject_GC_New(checked_call_object, s_checked_call);
    if (made == nullptr) {
        return nullptr;
    }
    made->enter = checked_call_enter;
    made->callee = Py_NewRef(callee);
    PyObject_GC_Track(made);
    return reinterpret_cast<PyObject*>(made);
}

PyObject* checked_callee(PyObject* callee) noexcept {
    PyObject* ready = nullptr;
    if (!is_armed() || !needs_look(callee, &ready)) {
        return Py_NewRef(callee);
    }
    return ready != nullptr ? Py_NewRef(ready) : make_checked_call(callee);
}

bool add_call_checks(PyObject* checks) noexcept {
    s_checked_call = s_checked_call != nullptr ? s_checked_call : make_type();
    const reference function(s_checked_call != nullptr ? PyCFunction_New(&s_call, nullptr) : nullptr);
    return function && PyDict_SetItemString(checks, "call", function.get()) == 0;
}

} // namespace xpar::guard
