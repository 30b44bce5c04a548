#include "runtime/python/guard/judge.hpp"

#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/frames.hpp"
#include "runtime/python/guard/library_objects.hpp"
#include "runtime/python/guard/plain_attribute.hpp"
#include "runtime/python/guard/shared_memory.hpp"
#include "runtime/python/guard/twin_functions.hpp"

#include <string_view>
#include <utility>

namespace xpar::guard {
namespace {

constinit bool s_armed = false;
PyObject* s_error = nullptr;
PyObject* s_describe = nullptr;
PyObject* s_exempt = nullptr;
PyObject* s_mutators = nullptr;

// True, for `return refuse(...)`, unless the change is seen everywhere.
bool refuse(PyObject* object, const char* operation, PyObject* name) noexcept {
    const unguarded looking;
    if (std::string_view(Py_TYPE(object)->tp_name) != "mmap.mmap" && shows_shared_memory(object)) {
        return false;
    }
    const reference message(
        PyObject_CallFunction(s_describe, "OsO", object, operation, name != nullptr ? name : Py_None));
    if (message) {
        PyErr_SetObject(s_error, message.get());
    } // else what went wrong is raised: it must not happen in any case
    return true;
}

// `object.name = value` in the user's code where `name` is a property, or anything else written in Python: what it does
// is judged when it does it.
bool has_setter_in_python(PyObject* object, PyObject* name) noexcept {
    PyObject* const found =
        name != nullptr && PyUnicode_CheckExact(name) ? _PyType_Lookup(Py_TYPE(object), name) : nullptr;
    if (found == nullptr) {
        return false;
    }
    if (Py_IS_TYPE(found, &PyProperty_Type)) {
        return true;
    }
    PyTypeObject* const type = Py_TYPE(found);
    return type->tp_descr_set != nullptr && (type->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0 && is_user_type(type);
}

// Library code fills its caches in attributes that begin with an underscore and have no value yet.
bool is_cache_filling(PyObject* object, PyObject* name) noexcept {
    if (name == nullptr || !PyUnicode_CheckExact(name) || PyUnicode_READ_CHAR(name, 0) != '_' ||
        !is_plain_attribute(Py_TYPE(object), name)) {
        return false;
    }
    const reference now = plain_attribute(object, name);
    return !now || now.get() == Py_None;
}

// Settings of a thread that are an object: whoever sets them means the thread. And what clones are made with.
bool is_exempt_type(PyTypeObject* type) noexcept {
    const reference key(PyUnicode_FromFormat("type:%s", type->tp_name));
    const bool found = key && PySet_Contains(s_exempt, key.get()) == 1;
    PyErr_Clear();
    return found;
}

// The frame of this package that calls a function for the user, if one does. A pointer: destroying a thread's frame
// when the thread has ended would need the GIL.
thread_local const frame* t_calls_for_user = nullptr;

// A package answers for what it has the standard library do to its objects.
origin origin_of_call() noexcept {
    frame above = frame::current();
    if (!above || (t_calls_for_user != nullptr && above.is_same_as(*t_calls_for_user))) {
        return origin::user; // what is called is a method of C code
    }
    const origin innermost = origin_of(above);
    if (innermost != origin::standard) {
        return innermost;
    }
    for (above = above.caller(); above; above = above.caller()) {
        const origin whose = origin_of(above);
        if (whose == origin::user || whose == origin::third_party) {
            return whose == origin::user ? innermost : whose;
        }
    }
    return innermost;
}

// Has one of the functions between the user's code and this frame leave to do anything?
bool is_exempt() noexcept {
    for (frame above = frame::current(); above && origin_of(above) != origin::user; above = above.caller()) {
        if (is_named_in(s_exempt, above)) {
            return true;
        }
    }
    return false;
}

// A decorator of the library may stand before the method that the user has called.
bool is_call_of_mutator(const frame& running) noexcept {
    PyObject* const decorated = decorated_by(running);
    if (decorated == nullptr) {
        return is_called_as_in(s_mutators, running.globals(), running.code());
    }
    const auto* const function = reinterpret_cast<PyFunctionObject*>(without_decorators(decorated));
    auto* const code = reinterpret_cast<PyCodeObject*>(function->func_code);
    return is_called_as_in(s_mutators, function->func_globals, code);
}

// Library code changes some object of the main thread: has the user asked for a change, and of what? By `x.a = v` or
// `x[i] = v` that is implemented there, setattr() of a property, or a method whose name says so. That object, or null.
PyObject* object_of_mutator() noexcept {
    PyObject* changed = nullptr;
    frame running = frame::current();
    while (running && origin_of(running) != origin::user) {
        frame caller = running.caller();
        const bool is_outermost = !caller || origin_of(caller) == origin::user;
        PyObject* first = first_argument(running);
        const bool is_named = first != nullptr && is_named_in(s_mutators, running);
        if (is_named && is_context_object(first)) { // df.loc is made for each use and changes what it was made for
            const reference target = plain_attribute(first, "obj");
            first = target ? target.get() : first; // held by what it was found in
        }
        if (first != nullptr && !is_context_object(first) &&
            (is_named || (is_outermost && (is_call_of_mutator(running) || is_setter_of(first, running) ||
                                           (caller && is_storing(caller)))))) {
            changed = first;
        }
        running = std::move(caller);
    }
    return changed;
}

bool refuses_to_library(PyObject* object, change kind, const char* operation, PyObject* name, origin whose) noexcept {
    if (is_exempt()) {
        return false;
    }
    if (kind == change::process) {
        // os.environ passes it on: whose doing is it?
        const frame caller = frame::current().caller();
        return caller && origin_of(caller) == origin::user && refuse(object, operation, name);
    }
    if (kind == change::attribute) {
        const bool is_users =
            is_user_type(PyType_Check(object) ? reinterpret_cast<PyTypeObject*>(object) : Py_TYPE(object));
        if (is_users && !is_cache_filling(object, name)) {
            return refuse(object, operation, name);
        }
        PyObject* const changed = object_of_mutator();
        if (changed != nullptr && !is_library_object(changed) && !is_library_object(object)) {
            return refuse(changed, operation, name);
        }
        // Packages keep state in their objects that only they know the meaning of; drawing a figure sets hundreds of
        // attributes.
        if (whose == origin::third_party || PyType_Check(object) || PyFunction_Check(object) ||
            is_cache_filling(object, name)) {
            return false;
        }
    }
    if (is_library_object(object)) {
        return false;
    }
    if (whose == origin::third_party && !PyObject_CheckBuffer(object)) { // data is data, whoever writes it
        PyObject* const changed = object_of_mutator();
        if (changed != nullptr && !is_library_object(changed)) {
            return refuse(changed, operation, nullptr);
        }
        // Its own container, or one that the user's code has handed to it?
        for (frame above = frame::current(); above; above = above.caller()) {
            if (first_argument(above) == object) {
                return refuse(object, operation, nullptr);
            }
            if (origin_of(above) == origin::user) {
                break;
            }
        }
        return false;
    }
    return refuse(object, operation, name);
}

} // namespace

void know_rules(PyObject* error, PyObject* describe, PyObject* exempt, PyObject* mutators) noexcept {
    Py_XSETREF(s_error, Py_NewRef(error));
    Py_XSETREF(s_describe, Py_NewRef(describe));
    Py_XSETREF(s_exempt, Py_NewRef(exempt));
    Py_XSETREF(s_mutators, Py_NewRef(mutators));
}

calling_for_user::calling_for_user() noexcept
    : m_frame(frame::current()), p_before(std::exchange(t_calls_for_user, &m_frame)) {}

calling_for_user::~calling_for_user() {
    t_calls_for_user = p_before;
}

bool is_armed() noexcept {
    return s_armed;
}

void arm(bool on) noexcept {
    s_armed = on;
}

bool refuses_change(PyObject* object, change kind, const char* operation, PyObject* name) noexcept {
    if (!s_armed) {
        return false;
    }
    const origin whose = origin_of_call();
    if (whose == origin::own || whose == origin::machinery) {
        return false;
    }
    // An error may be on its way through here (a `finally`, a finaliser); it comes back unless there is a new one.
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    bool refused = false;
    if (is_exempt_type(Py_TYPE(object))) {
        // whatever is done to it
    } else if (whose != origin::user) {
        refused = refuses_to_library(object, kind, operation, name, whose);
    } else if (kind == change::position || kind == change::stream) {
        refused = !is_library_object(object) && refuse(object, operation, name);
    } else if (kind != change::attribute || !has_setter_in_python(object, name)) {
        refused = refuse(object, operation, name);
    }
    if (refused) {
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
    } else {
        PyErr_Restore(type, value, traceback);
    }
    return refused;
}

bool refuses_library_method(PyObject* object, PyObject* called, const char* operation, bool says_so) noexcept {
    if (!s_armed || !PyFunction_Check(called)) {
        return s_armed && !is_context_object(object) && refuses_change(object, change::contents, operation, nullptr);
    }
    called = without_decorators(called);
    const auto* const function = reinterpret_cast<PyFunctionObject*>(called);
    auto* const code = reinterpret_cast<PyCodeObject*>(function->func_code);
    const frame caller = frame::current();
    if (!is_of_library(called) || !caller || origin_of(caller) != origin::user) {
        return false;
    }
    const bool is_named = is_named_in(s_mutators, function->func_globals, code);
    if (!is_named && is_twin(function->func_code)) {
        return false; // it is looked at line by line
    }
    reference holder; // df.loc is made for each use and changes what it was made for
    if (is_context_object(object)) {
        holder = is_named ? plain_attribute(object, "obj") : reference();
        if (!holder || is_context_object(holder.get())) {
            return false;
        }
        object = holder.get();
    }
    if (!says_so && !is_named && !is_called_as_in(s_mutators, function->func_globals, code)) {
        return false;
    }
    return !is_named_in(s_exempt, function->func_globals, code) && !is_library_object(object) &&
           refuse(object, operation, nullptr);
}

bool refuses_write(PyObject* object) noexcept {
    return s_armed && refuse(object, "writing to its memory", nullptr);
}

bool refuses_binding(PyObject* owner, PyObject* name, const char* operation) noexcept {
    const frame running = s_armed ? frame::current() : frame();
    return running && origin_of(running) == origin::user && refuse(owner, operation, name);
}

} // namespace xpar::guard
