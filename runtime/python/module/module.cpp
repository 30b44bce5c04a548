#include "runtime/python/module/module.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/base/processors.hpp"
#include "runtime/python/clone/clone.hpp"
#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/glue/gil.hpp"
#include "runtime/python/guard/escape_scan.hpp"
#include "runtime/python/guard/guard.hpp"
#include "runtime/python/guard/twin_checks.hpp"
#include "runtime/python/guard/twin_functions.hpp"
#include "runtime/python/guard/twin_rules.hpp"
#include "runtime/python/module/batch_type.hpp"
#include "runtime/python/module/context_program.hpp"
#include "runtime/python/module/engine.hpp"
#include "runtime/python/module/machine_facts.hpp"
#include "runtime/python/module/permit_pause.hpp"
#include "runtime/python/module/work_list.hpp"
#include "runtime/python/module/work_maker.hpp"
#include "runtime/python/module/xlist_type.hpp"

#include <algorithm>

namespace xpar {
namespace {

PyObject* core_rdtsc(PyObject*, PyObject*) {
    return PyLong_FromUnsignedLongLong(rdtsc());
}

PyObject* core_now_ns(PyObject*, PyObject*) {
    return PyLong_FromUnsignedLongLong(monotonic_ns());
}

PyObject* core_processors(PyObject*, PyObject*) {
    return PyLong_FromUnsignedLong(usable_processors());
}

PyObject* core_context(PyObject*, PyObject*) {
    const engine& e = engine::get();
    if (!e.is_context()) {
        Py_RETURN_NONE;
    }
    return PyLong_FromUnsignedLong(e.self.slot);
}

PyObject* core_events(PyObject*, PyObject*) {
    return PyLong_FromUnsignedLong(event_now(engine::get().changed()));
}

PyObject* core_signal(PyObject*, PyObject*) {
    event_signal(engine::get().changed());
    Py_RETURN_NONE;
}

PyObject* core_wait(PyObject*, PyObject* arguments) {
    unsigned seen = 0;
    double timeout = 0;
    if (PyArg_ParseTuple(arguments, "Id", &seen, &timeout) == 0) {
        return nullptr;
    }
    engine& e = engine::get();
    if (event_now(e.changed()) == seen) {
        const gil_release unlocked;
        const permit_pause meanwhile;
        event_wait(e.changed(), seen, timeout < 0 ? -1 : static_cast<std::int64_t>(timeout * 1e9));
    }
    if (PyErr_CheckSignals() < 0) {
        return nullptr;
    }
    return PyLong_FromUnsignedLong(event_now(e.changed()));
}

// No Python code runs between the look and the change if the attribute is a slot or an entry of the instance's dict.
PyObject* core_set_once(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "set_once(object, name, unset, value)");
        return nullptr;
    }
    reference there(PyObject_GetAttr(arguments[0], arguments[1]));
    if (!there || there.get() != arguments[2]) {
        return there.give();
    }
    if (PyObject_SetAttr(arguments[0], arguments[1], arguments[3]) < 0) {
        return nullptr;
    }
    return Py_NewRef(arguments[3]);
}

// What make_work() has made is visited by Python's collector from now on.
PyObject* core_track(PyObject*, PyObject* object) {
    if (PyObject_GC_IsTracked(object) == 0) {
        PyObject_GC_Track(object);
    }
    Py_RETURN_NONE;
}

PyObject* core_set_limit(PyObject*, PyObject* argument) {
    const unsigned long limit = PyLong_AsUnsignedLong(argument);
    if (PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    set_limit(engine::get().permits(), static_cast<std::uint32_t>(std::min<unsigned long>(limit, k_most_permits)));
    Py_RETURN_NONE;
}

PyObject* core_set_begin_patience(PyObject*, PyObject* seconds) {
    const double wanted = PyFloat_AsDouble(seconds);
    if (PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    context_program::g_begin_patience_ns = static_cast<std::uint64_t>(std::clamp(wanted, 0.001, 1e6) * 1e9);
    Py_RETURN_NONE;
}

PyObject* core_limit(PyObject*, PyObject*) {
    return PyLong_FromUnsignedLong(engine::get().permits().limit.load());
}

PyObject* core_write(PyObject*, PyObject* arguments) {
    int to_stderr = 0;
    PyObject* written = nullptr;
    if (PyArg_ParseTuple(arguments, "pU", &to_stderr, &written) == 0) {
        return nullptr;
    }
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(written, &size); // refuses lone surrogates
    if (text == nullptr) {
        return nullptr;
    }
    engine& e = engine::get();
    if (!e.is_context()) {
        PyErr_SetString(PyExc_RuntimeError, "only a context writes here");
        return nullptr;
    }
    e.output.write(to_stderr != 0 ? context_output::stream::err : context_output::stream::out,
                   {text, static_cast<std::size_t>(size)});
    Py_RETURN_NONE;
}

PyObject* core_tell(PyObject*, PyObject* content) {
    engine& e = engine::get();
    if (!e.is_context()) {
        PyErr_SetString(PyExc_RuntimeError, "only a context tells the main process");
        return nullptr;
    }
    const batch& of = *e.self.of;
    std::uint64_t value = 0;
    if (!e.clone_into(content, e.batch_cursor(of), of.shared().heap, of.shared().heap_number, value)) {
        return nullptr;
    }
    e.output.tell(value);
    Py_RETURN_NONE;
}

PyObject* core_note_engine(PyObject*, PyObject*) {
    engine::get().self.submits = true;
    Py_RETURN_NONE;
}

PyObject* core_set_hooks(PyObject*, PyObject* arguments, PyObject* keywords) {
    static const char* names[] = {
        "enter_context", "end_work", "await_submitted", "describe_exception", "heap_limit_error",
        "xlist_class",   nullptr};
    PyObject* enter = nullptr;
    PyObject* end_work = nullptr;
    PyObject* await_submitted = nullptr;
    PyObject* describe = nullptr;
    PyObject* heap_limit_error = nullptr;
    PyObject* xlist_class = nullptr;
    if (PyArg_ParseTupleAndKeywords(arguments, keywords, "$OOOOO!O!", const_cast<char**>(names), &enter, &end_work,
                                    &await_submitted, &describe, &PyType_Type, &heap_limit_error, &PyType_Type,
                                    &xlist_class) == 0) {
        return nullptr;
    }
    engine& e = engine::get();
    if (PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(xlist_class), e.xlist_type) == 0) {
        PyErr_SetString(PyExc_TypeError, "xlist_class must derive from _core.xlist");
        return nullptr;
    }
    e.enter_context = reference::to(enter);
    e.end_work = reference::to(end_work);
    e.await_submitted = reference::to(await_submitted);
    e.describe_exception = reference::to(describe);
    e.heap_limit_error = reference::to(heap_limit_error);
    e.xlist_class = reference::to(xlist_class);
    Py_RETURN_NONE;
}

PyObject* core_region(PyObject*, PyObject*) {
    engine& e = engine::get();
    const region_usage usage = e.memory().usage();
    return Py_BuildValue("{s:K,s:K,s:K}", "reserved", static_cast<unsigned long long>(usage.reserved_bytes),
                         "allocated", static_cast<unsigned long long>(usage.allocated_bytes), "xlists",
                         static_cast<unsigned long long>(e.lists().live()));
}

PyObject* core_xlists(PyObject*, PyObject*) {
    reference listed(PyList_New(0));
    for (const auto& [id, object] : engine::get().wrappers) {
        if (!listed || PyList_Append(listed.get(), object) < 0) {
            return nullptr;
        }
    }
    return listed.give();
}

PyObject* core_install_numpy_memory(PyObject*, PyObject*) {
    if (install_numpy_memory()) {
        Py_RETURN_NONE;
    }
    if (PyErr_Occurred() == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "heap_limit is not kept for arrays: numpy does not take another allocator");
    }
    return nullptr;
}

PyMethodDef s_functions[] = {
    {"rdtsc", core_rdtsc, METH_NOARGS,
     PyDoc_STR("rdtsc()\n--\n\nThe processor's time-stamp counter, in ticks, as an int.\n\n"
               "Comparable between contexts on processors whose counters are synchronised (all current x86-64).\n\n"
               ">>> rdtsc() < rdtsc()\nTrue\n")},
    {"now_ns", core_now_ns, METH_NOARGS, PyDoc_STR("now_ns()\n--\n\nCLOCK_MONOTONIC in nanoseconds.\n")},
    {"processors", core_processors, METH_NOARGS,
     PyDoc_STR("processors()\n--\n\nProcessors this process may use: affinity mask and cgroup quota.\n")},
    {"build", build_to_python, METH_NOARGS,
     PyDoc_STR("build()\n--\n\nWhat this module was built from and with: version, python, compiler.\n")},
    {"cgroup_limits", cgroup_limits_to_python, METH_VARARGS,
     PyDoc_STR("cgroup_limits(membership=None, mount='/sys/fs/cgroup', /)\n--\n\nprocessors, memory (bytes) and "
               "processes that the control groups "
               "grant; None: no limit.\n\n`membership` is the text of /proc/self/cgroup, which is read by default.\n")},
    {"child_memory", child_memory_to_python, METH_NOARGS,
     PyDoc_STR("child_memory()\n--\n\nFork a child and read its memory: (errno of the fork, errno of the reading), 0 "
               "for what worked.\n")},
    {"context", core_context, METH_NOARGS,
     PyDoc_STR("context()\n--\n\nThe number of this context, or None in the main process.\n")},
    {"events", core_events, METH_NOARGS, PyDoc_STR("events()\n--\n\nThe engine's event counter, for wait().\n")},
    {"signal", core_signal, METH_NOARGS, PyDoc_STR("signal()\n--\n\nWake everybody in wait().\n")},
    {"wait", core_wait, METH_VARARGS,
     PyDoc_STR("wait(seen, timeout, /)\n--\n\nSleep until the event counter is no longer `seen`; return it as it is "
               "then.\n")},
    {"set_once", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(core_set_once)), METH_FASTCALL,
     PyDoc_STR("set_once(object, name, unset, value, /)\n--\n\nSet the attribute if it is `unset`; what it is then, "
               "for all threads the same.\n")},
    {"track", core_track, METH_O,
     PyDoc_STR("track(object, /)\n--\n\nHave Python's collector visit it, as by default.\n")},
    {"know_works", know_works, METH_VARARGS,
     PyDoc_STR(
         "know_works(cls, unread, /)\n--\n\nThe class of works, and what stands for a result that was not read.\n")},
    {"make_work", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(python_make_work)), METH_FASTCALL,
     PyDoc_STR("make_work(id, name, cell, engine, /)\n--\n\nA work that Python's collector passes by until track() is "
               "called.\n")},
    {"name_of", name_of, METH_O,
     PyDoc_STR("name_of(callable, /)\n--\n\nWhat a work that calls it is named when nothing else was said.\n")},
    {"assign_batch", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(assign_batch)), METH_FASTCALL,
     PyDoc_STR("assign_batch(works, batch, /)\n--\n\nTell works their batch and their number in it.\n")},
    {"with_attributes", with_attributes, METH_O,
     PyDoc_STR("with_attributes(works, /)\n--\n\nThe positions of those with more attributes than a new one.\n")},
    {"set_limit", core_set_limit, METH_O,
     PyDoc_STR("set_limit(contexts, /)\n--\n\nHow many contexts of limited batches may run works at once.\n")},
    {"set_begin_patience", core_set_begin_patience, METH_O,
     PyDoc_STR("set_begin_patience(seconds, /)\n--\n\nHow long a context may take to begin; then it is killed. 15 s at "
               "first.\n")},
    {"limit", core_limit, METH_NOARGS,
     PyDoc_STR("limit()\n--\n\nWhat set_limit() was last told, in whatever process; 0 at first.\n")},
    {"write", core_write, METH_VARARGS, PyDoc_STR("write(to_stderr, text, /)\n--\n\nPrint, in a context.\n")},
    {"tell", core_tell, METH_O,
     PyDoc_STR(
         "tell(content, /)\n--\n\nSend the main process something, from a context, in order with what is printed.\n")},
    {"set_hooks", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(core_set_hooks)),
     METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("set_hooks(*, enter_context, end_work, await_submitted, describe_exception, heap_limit_error, "
               "xlist_class)\n--\n\nWhat C++ calls.\n")},
    {"note_engine", core_note_engine, METH_NOARGS,
     PyDoc_STR("note_engine()\n--\n\nThis process may submit works; in a context, await_submitted is called after each "
               "of its own from now on.\n")},
    {"xlists", core_xlists, METH_NOARGS,
     PyDoc_STR("xlists()\n--\n\nEvery xlist that has an object in this process.\n")},
    {"region", core_region, METH_NOARGS,
     PyDoc_STR("region()\n--\n\nThe shared region's size and use in bytes, and its xlists.\n")},
    {"guard_configure", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(guard::configure)),
     METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("guard_configure(*, error, describe, exempt, mutators, methods, probe, escape_warning, own, "
               "library_folders, standard)\n--\n\n"
               "The rules of protection; returns why this interpreter cannot be patched, or None.\n")},
    {"guard_set_projects", guard::set_projects, METH_O,
     PyDoc_STR("guard_set_projects(rules, /)\n--\n\nFolders whose code is the user's, or a library's, whatever "
               "guard_configure was told.\n")},
    {"guard_select", guard::select_mode, METH_VARARGS,
     PyDoc_STR("guard_select(strict, scans, /)\n--\n\nWhether the batch that starts now is protected (then, what its "
               "zygote will change is "
               "looked up), and searched after works.\n")},
    {"guard_is_own", guard::is_own, METH_O, PyDoc_STR("guard_is_own(object, /)\n--\n\nWas it made in this context?\n")},
    {"guard_facts", guard::facts, METH_NOARGS,
     PyDoc_STR("guard_facts()\n--\n\nThe state of protection in this process, as a dict.\n")},
    {"install_numpy_memory", core_install_numpy_memory, METH_NOARGS,
     PyDoc_STR("install_numpy_memory()\n--\n\nIn a context that has imported numpy: the data of its arrays is the "
               "context's from here on.\n")},
    {"guard_missing", guard::missing, METH_NOARGS,
     PyDoc_STR("guard_missing()\n--\n\nNames that protection has looked for in imported modules and not found, as a "
               "list.\n")},
    {"guard_force_twins", guard::force_twins, METH_O,
     PyDoc_STR("guard_force_twins(on, /)\n--\n\nTwins instead of patches from now on: for tests.\n")},
    {"guard_twin_checks", guard::twin_checks, METH_NOARGS,
     PyDoc_STR("guard_twin_checks()\n--\n\nWhat twins call before they change something, by name.\n")},
    {"guard_know_callees", guard::know_callees, METH_O,
     PyDoc_STR("guard_know_callees(table, /)\n--\n\nRows of (function, effect, number, keyword).\n")},
    {"guard_find_functions", guard::find_functions, METH_NOARGS,
     PyDoc_STR("guard_find_functions()\n--\n\nFunctions of the user's that guard_know_twin has not been told of.\n")},
    {"guard_know_twin", guard::know_twin, METH_VARARGS,
     PyDoc_STR("guard_know_twin(code, twin, /)\n--\n\nWhat functions of this code run in contexts; None: itself.\n")},
    {"guard_add_function", guard::add_function, METH_O,
     PyDoc_STR("guard_add_function(function, /)\n--\n\nOne of a library that is to run its twin, too.\n")},
    {"guard_twin_hooks", guard::set_twin_hooks, METH_VARARGS,
     PyDoc_STR("guard_twin_hooks(enter, source, compiled, /)\n--\n\nWhat contexts call to make twins.\n")},
    {"call_for_user", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(guard::call_for_user)),
     METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("call_for_user(callable, /, *args, **kwargs)\n--\n\n"
               "In a context: call it as the work itself is called.\n")},
    {"guard_is_users", guard::is_users_path, METH_O,
     PyDoc_STR("guard_is_users(path, /)\n--\n\nIs a file of this path the user's?\n")},
    {nullptr, nullptr, 0, nullptr},
};

int execute(PyObject* module) {
    // Every context calls it, and would import it otherwise: 1 ms, for the import machinery's pages are copied.
    const reference gc(PyImport_ImportModule("gc"));
    return gc && engine::create() && clone::initialize() && add_xlist_type(module) && add_batch_type(module) &&
                   add_work_list_type(module)
               ? 0
               : -1;
}

PyModuleDef_Slot s_slots[] = {
    {Py_mod_exec, reinterpret_cast<void*>(execute)},
    {0, nullptr},
};

PyModuleDef s_definition = {
    PyModuleDef_HEAD_INIT,
    "parallel._core",
    PyDoc_STR("The engine of `parallel`, in C++."),
    0,
    s_functions,
    s_slots,
    nullptr,
    nullptr,
    nullptr,
};

} // namespace

PyObject* make_module() {
    return PyModuleDef_Init(&s_definition);
}

} // namespace xpar

PyMODINIT_FUNC PyInit__core() {
    return xpar::make_module();
}
