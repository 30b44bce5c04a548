#include "runtime/python/guard/twin_calls.hpp"

#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/frames.hpp"
#include "runtime/python/guard/gate.hpp"
#include "runtime/python/guard/instance_dicts.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/guard/methods.hpp"
#include "runtime/python/guard/storage.hpp"
#include "runtime/python/guard/twin_checks.hpp"
#include "runtime/python/guard/twin_functions.hpp"

#include <structmember.h>

#include <array>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace xpar::guard {
namespace {

// What a call does to its first argument, beyond what the table of methods says. As in
// parallel/protection/twins/callees.py.
enum class effect : std::uint8_t {
    nothing,
    attribute,     // setattr(x, name, v)
    item,          // operator.setitem(x, k, v)
    in_place,      // operator.iadd(x, v); `number` says which
    advances,      // next(x)
    iterates,      // all arguments from `number` on: sum(x), zip(x, y)
    instance_dict, // vars(x)
    get_attribute, // getattr(x, name)
    run,           // exec(source), eval(source): twins of it
    compile,
    changes, // argument `number`, of a function in Python that numpy has in front of one in C
    streams, // argument `number`, or `keyword`, is written to as a file is
    ufunc,   // numpy's: what follows `number` inputs is written to
    init,
    descriptor, // descriptor.__set__(object, value)
};

struct rule {
    const guarded* method = nullptr;
    effect what = effect::nothing;
    int number = 0;
    const char* keyword = nullptr;
    PyObject* ready = nullptr; // what looks at its arguments, for a type or a function of a module: the same each time
    bool is_slot = false;      // list.__setitem__ and its like go past what a subclass has in Python
};

bool is_checked_call(PyObject* object) noexcept;

std::unordered_map<const void*, rule>* s_rules = nullptr; // by object, or by the definition of a method

const rule* rule_of(const void* key) noexcept {
    if (s_rules == nullptr) {
        return nullptr;
    }
    const auto found = s_rules->find(key);
    return found != s_rules->end() ? &found->second : nullptr;
}

// What a callee comes to, once bound methods and partial functions are taken apart.
struct call {
    rule of;
    std::vector<PyObject*> arguments; // positional, `self` first if it is bound; then keywords'
    Py_ssize_t positional = 0;
    PyObject* names = nullptr; // of the keywords, a tuple or null
    PyObject* function = nullptr;
    bool has_self = false;
};

rule rule_of_slot(std::string_view name) noexcept {
    if (const int operation = in_place_operation(name); operation >= 0) {
        return {.what = effect::in_place, .number = operation, .is_slot = true};
    }
    if (name == "__setitem__" || name == "__delitem__") {
        return {.what = effect::item, .is_slot = true};
    }
    if (name == "__setattr__" || name == "__delattr__") {
        return {.what = effect::attribute, .is_slot = true};
    }
    if (name == "__next__" || name == "__anext__" || name == "__await__") {
        return {.what = effect::advances, .is_slot = true};
    }
    if (name == "__set__" || name == "__delete__") {
        return {.what = effect::descriptor};
    }
    return {.what = name == "__init__" ? effect::init : effect::nothing};
}

bool is_any(PyTypeObject* type, std::string_view name) noexcept {
    return std::string_view(type->tp_name) == name;
}

bool is_of_main(PyObject* object) noexcept {
    return !is_context_object(object) || adopted_by(object) != nullptr;
}

// Does whose it is settle the question?
bool changes_self_only(const rule& of) noexcept {
    return of.what == effect::nothing && of.method != nullptr && of.method->changes == subject::self &&
           !of.method->always;
}

bool is_builtin_function(PyObject* object) noexcept {
    return PyCFunction_Check(object);
}

bool is_function_of_module(PyObject* object) noexcept {
    PyObject* const self = is_builtin_function(object) ? PyCFunction_GET_SELF(object) : nullptr;
    return self != nullptr && PyModule_Check(self);
}

// Of what is called without an object: a type, a function of a module.
const rule* rule_of_unbound(PyObject* callee) noexcept {
    if (is_function_of_module(callee)) {
        return rule_of(reinterpret_cast<PyCFunctionObject*>(callee)->m_ml);
    }
    return PyType_Check(callee) ? rule_of(callee) : nullptr;
}

// Does a call of it need a look at its arguments? Cheap for what is called most: functions in Python, and C functions
// that change nothing.
bool needs_look(PyObject* callee, PyObject** ready = nullptr) noexcept {
    PyTypeObject* const type = Py_TYPE(callee);
    if (type == &PyFunction_Type) {
        return rule_of(callee) != nullptr;
    }
    if (is_builtin_function(callee)) {
        PyObject* const self = PyCFunction_GET_SELF(callee);
        const rule* const found = rule_of(reinterpret_cast<PyCFunctionObject*>(callee)->m_ml);
        if (found == nullptr) {
            return false;
        }
        if (ready != nullptr) {
            *ready = found->ready;
        }
        return !changes_self_only(*found) || self == nullptr || is_of_main(self);
    }
    if (type == &PyMethod_Type) {
        PyObject* const function = PyMethod_Function(callee);
        if (!PyFunction_Check(function)) {
            return needs_look(function);
        }
        if (is_context_object(PyMethod_Self(callee))) {
            return rule_of(function) != nullptr;
        }
        return is_of_library(function) || rule_of(function) != nullptr;
    }
    if (type == &PyMethodDescr_Type || type == &PyClassMethodDescr_Type) {
        return rule_of(reinterpret_cast<PyMethodDescrObject*>(callee)->d_method) != nullptr;
    }
    if (type == &PyWrapperDescr_Type) {
        return rule_of_slot(reinterpret_cast<PyWrapperDescrObject*>(callee)->d_base->name).what != effect::nothing;
    }
    if (type == &_PyMethodWrapper_Type) {
        return true;
    }
    if (PyType_Check(callee)) {
        const rule* const found = rule_of(callee);
        if (found != nullptr && ready != nullptr) {
            *ready = found->ready;
        }
        return found != nullptr;
    }
    return is_any(type, "numpy.ufunc") || is_any(type, "functools.partial") || is_any(type, "operator.methodcaller");
}

PyObject* attribute_of(PyObject* object, const char* name) noexcept {
    PyObject* const found = PyObject_GetAttrString(object, name);
    PyErr_Clear();
    Py_XDECREF(found); // what is asked for is held by the object
    return found;
}

// Fills in what `callee` comes to. False when nothing is known of it.
bool take_apart(PyObject* callee, call& into, std::vector<reference>& held, int depth = 0) noexcept {
    PyTypeObject* const type = Py_TYPE(callee);
    const auto bind = [&](PyObject* self) {
        into.arguments.insert(into.arguments.begin(), self);
        ++into.positional;
        into.has_self = true;
    };
    into.function = callee;
    if (depth > 8) {
        return false;
    }
    if (is_checked_call(callee)) {
        return false; // it looks itself
    }
    if (is_builtin_function(callee)) {
        const rule* const found = rule_of(reinterpret_cast<PyCFunctionObject*>(callee)->m_ml);
        PyObject* const self = PyCFunction_GET_SELF(callee);
        const bool is_process = found != nullptr && found->method != nullptr && found->method->kind == change::process;
        if (found != nullptr && self != nullptr && (is_process || !PyModule_Check(self))) {
            bind(self);
        }
        into.of = found != nullptr ? *found : rule{};
        return found != nullptr;
    }
    if (type == &PyMethod_Type) {
        bind(PyMethod_Self(callee));
        const bool known = take_apart(PyMethod_Function(callee), into, held, depth + 1);
        return known || PyFunction_Check(into.function);
    }
    if (type == &PyMethodDescr_Type || type == &PyClassMethodDescr_Type) {
        const rule* const found = rule_of(reinterpret_cast<PyMethodDescrObject*>(callee)->d_method);
        into.of = found != nullptr ? *found : rule{};
        into.has_self = true;
        return found != nullptr && into.positional > 0;
    }
    if (type == &PyWrapperDescr_Type) {
        into.of = rule_of_slot(reinterpret_cast<PyWrapperDescrObject*>(callee)->d_base->name);
        return into.positional > 0;
    }
    if (type == &_PyMethodWrapper_Type) {
        const reference name(PyObject_GetAttrString(callee, "__name__"));
        PyObject* const self = name ? attribute_of(callee, "__self__") : nullptr;
        const char* const text = self != nullptr ? PyUnicode_AsUTF8(name.get()) : nullptr;
        PyErr_Clear();
        if (text == nullptr) {
            return false;
        }
        bind(self);
        into.of = rule_of_slot(text);
        return true;
    }
    if (is_any(type, "functools.partial")) {
        PyObject* const function = attribute_of(callee, "func");
        PyObject* const given = attribute_of(callee, "args");
        if (function == nullptr || given == nullptr || !PyTuple_Check(given)) {
            return false;
        }
        PyObject** const first = &PyTuple_GET_ITEM(given, 0);
        into.arguments.insert(into.arguments.begin(), first, first + PyTuple_GET_SIZE(given));
        into.positional += PyTuple_GET_SIZE(given);
        return take_apart(function, into, held, depth + 1);
    }
    if (is_any(type, "operator.methodcaller") && into.positional > 0) {
        reference reduced(PyObject_CallMethod(callee, "__reduce__", nullptr));
        PyObject* const given = reduced && PyTuple_Check(reduced.get()) ? PyTuple_GET_ITEM(reduced.get(), 1) : nullptr;
        reference method(given != nullptr && PyTuple_Check(given) && PyTuple_GET_SIZE(given) > 0
                             ? PyObject_GetAttr(into.arguments.front(), PyTuple_GET_ITEM(given, 0))
                             : nullptr);
        PyErr_Clear();
        if (!method) {
            return false;
        }
        into.arguments.erase(into.arguments.begin());
        into.positional -= 1;
        PyObject* const bound = method.get();
        held.push_back(std::move(method));
        return take_apart(bound, into, held, depth + 1);
    }
    const rule* const found = rule_of(callee);
    into.of = found != nullptr ? *found : rule{};
    if (found == nullptr && is_any(type, "numpy.ufunc")) {
        const reference inputs(PyObject_GetAttrString(callee, "nin"));
        into.of = {.what = effect::ufunc, .number = inputs ? static_cast<int>(PyLong_AsLong(inputs.get())) : 0};
        PyErr_Clear();
        return true;
    }
    return found != nullptr;
}

PyObject* keyword_of(const call& of, const char* name) noexcept {
    for (Py_ssize_t i = 0; of.names != nullptr && i < PyTuple_GET_SIZE(of.names); ++i) {
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(of.names, i), name) == 0) {
            return of.arguments[static_cast<std::size_t>(of.positional + i)];
        }
    }
    return nullptr;
}

PyObject* argument_of(const call& of) noexcept {
    if (of.of.number >= 0 && of.of.number < of.positional) {
        return of.arguments[static_cast<std::size_t>(of.of.number)];
    }
    return of.of.keyword != nullptr ? keyword_of(of, of.of.keyword) : nullptr;
}

// Would writing to this file change something that the main thread has?
bool refuses_stream(PyObject* file) noexcept {
    static constexpr guarded k_stream = {.operation = "write()", .kind = change::stream};
    static PyObject* const s_write = PyUnicode_InternFromString("write");
    if (is_context_object(file)) {
        return false;
    }
    PyObject* const write = _PyType_Lookup(Py_TYPE(file), s_write);
    const bool is_method = write != nullptr && Py_IS_TYPE(write, &PyMethodDescr_Type);
    const rule* const known = is_method ? rule_of(reinterpret_cast<PyMethodDescrObject*>(write)->d_method) : nullptr;
    const bool is_file = known != nullptr && known->method != nullptr && known->method->kind == change::stream;
    return (is_file || is_any(Py_TYPE(file), "_csv.writer")) && refuses_self(k_stream, file, nullptr);
}

bool refuses_effect(const call& of) noexcept {
    PyObject* const first = of.positional > 0 ? of.arguments.front() : nullptr;
    PyObject* const second = of.positional > 1 ? of.arguments[1] : nullptr;
    switch (of.of.what) {
    case effect::attribute:
        return second != nullptr && refuses_attribute(first, second, of.of.is_slot);
    case effect::item:
        return first != nullptr && refuses_item(first, of.of.is_slot);
    case effect::in_place:
        return first != nullptr && refuses_in_place(first, of.of.number, of.of.is_slot);
    case effect::advances:
        return first != nullptr && refuses_advance(first, of.of.is_slot);
    case effect::init:
        return first != nullptr && refuses_init(first);
    case effect::descriptor:
        // `first` is the descriptor: a slot or a getset of C code. Properties come to Python code.
        return second != nullptr &&
               (Py_IS_TYPE(first, &PyMemberDescr_Type) || Py_IS_TYPE(first, &PyGetSetDescr_Type)) &&
               refuses_attribute(second, PyDescr_NAME(first));
    case effect::iterates:
        for (Py_ssize_t i = of.of.number; i < of.positional; ++i) {
            if (refuses_advance(of.arguments[static_cast<std::size_t>(i)])) {
                return true;
            }
        }
        return false;
    case effect::changes:
    case effect::streams: {
        PyObject* const changed = argument_of(of);
        return changed != nullptr &&
               (of.of.what == effect::changes ? refuses_output(changed) : refuses_stream(changed));
    }
    case effect::ufunc:
        for (Py_ssize_t i = of.of.number; i < of.positional; ++i) {
            if (refuses_output(of.arguments[static_cast<std::size_t>(i)])) {
                return true;
            }
        }
        return keyword_of(of, "out") != nullptr && refuses_output(keyword_of(of, "out"));
    default:
        return false;
    }
}

// A method of a library, written in Python, of an object of the main thread.
bool refuses_python(const call& of) noexcept {
    PyObject* const inplace = keyword_of(of, "inplace");
    const bool is_in_place = inplace != nullptr && PyObject_IsTrue(inplace) == 1;
    PyErr_Clear();
    PyObject* const name = reinterpret_cast<PyFunctionObject*>(of.function)->func_name;
    const reference operation(PyUnicode_FromFormat("%U()", name));
    const char* const text = operation ? PyUnicode_AsUTF8(operation.get()) : nullptr;
    return text != nullptr && refuses_library_method(of.arguments.front(), of.function, text, is_in_place);
}

bool refuses_call(const call& of) noexcept {
    if (of.has_self && of.positional > 0 && PyFunction_Check(of.function) && refuses_python(of)) {
        return true;
    }
    if (const guarded* const method = of.of.method) {
        PyObject* const self = of.positional > 0 ? of.arguments.front() : nullptr;
        const Py_ssize_t skipped = of.has_self ? 1 : 0;
        if (method->changes != subject::self) {
            if (refuses_arguments(*method, {of.arguments.data() + skipped, of.positional - skipped, of.names})) {
                return true;
            }
        } else if (self != nullptr && (method->always || is_of_main(self)) && refuses_self(*method, self, nullptr)) {
            return true;
        }
    }
    return refuses_effect(of);
}

// ---- a callee that looks at its arguments
// ----------------------------------------------------------------------------

struct checked_call_object {
    PyObject_HEAD vectorcallfunc enter;
    PyObject* callee;
};

PyTypeObject* s_checked_call = nullptr;

bool is_checked_call(PyObject* object) noexcept {
    return Py_IS_TYPE(object, s_checked_call);
}

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
        if (is_dict && PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, "__dict__") == 0) {
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

PyObject* check_call(PyObject*, PyObject* callee) {
    return checked_callee(callee);
}

PyMethodDef s_call = {"call", check_call, METH_O, nullptr};

} // namespace

bool method_needs_look(PyObject* object, PyObject* name) noexcept {
    PyTypeObject* const type = Py_TYPE(object);
    if (PyModule_CheckExact(object)) {
        PyObject* const found = PyDict_GetItemWithError(PyModule_GetDict(object), name);
        return found == nullptr || needs_look(found);
    }
    PyObject* const found = _PyType_Lookup(type, name);
    if (found == nullptr) {
        return true; // an attribute of the instance, or a class
    }
    if (Py_IS_TYPE(found, &PyFunction_Type)) {
        return rule_of(found) != nullptr || (!is_context_object(object) && is_of_library(found)) ||
               PyType_Check(object);
    }
    if (!Py_IS_TYPE(found, &PyMethodDescr_Type) || PyType_Check(object)) {
        return true;
    }
    const rule* const known = rule_of(reinterpret_cast<PyMethodDescrObject*>(found)->d_method);
    if (known == nullptr) {
        return false;
    }
    return !changes_self_only(*known) || is_of_main(object);
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

PyObject* know_callees(PyObject*, PyObject* table) noexcept {
    auto rules = std::unordered_map<const void*, rule>();
    for (const auto& [definition, what] : guarded_methods()) {
        rules[definition].method = what;
    }
    if (!PyList_Check(table)) {
        PyErr_SetString(PyExc_TypeError, "callees are a list of (object, effect, number)");
        return nullptr;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(table); ++i) {
        PyObject* callee = nullptr;
        int what = 0;
        int number = 0;
        const char* keyword = nullptr; // in the table, which is kept
        if (PyArg_ParseTuple(PyList_GET_ITEM(table, i), "Oiiz", &callee, &what, &number, &keyword) == 0) {
            return nullptr;
        }
        const void* key = callee;
        if (is_builtin_function(callee)) {
            key = reinterpret_cast<PyCFunctionObject*>(callee)->m_ml;
        } else if (Py_IS_TYPE(callee, &PyMethodDescr_Type)) {
            key = reinterpret_cast<PyMethodDescrObject*>(callee)->d_method;
        }
        rules[key].what = static_cast<effect>(what);
        rules[key].number = number;
        rules[key].keyword = keyword;
        if (PyType_Check(callee) || is_function_of_module(callee)) {
            rules[key].ready = make_checked_call(callee);
        }
    }
    static PyObject* s_table = nullptr; // holds the objects that are known by their address
    Py_XSETREF(s_table, Py_NewRef(table));
    for (const auto& [key, old] : s_rules != nullptr ? *s_rules : decltype(rules)()) {
        Py_XDECREF(old.ready);
    }
    delete s_rules;
    s_rules = new std::unordered_map<const void*, rule>(std::move(rules));
    Py_RETURN_NONE;
}

} // namespace xpar::guard
