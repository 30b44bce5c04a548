#include "runtime/python/clone/pickle_leaf.hpp"

#include "runtime/python/clone/ndarray_leaf.hpp"
#include "runtime/python/glue/reference.hpp"

#include <new>

namespace xpar::clone {
namespace {

// One run of the pickler. The Python objects below point to it; `session` is cleared when it ends, in case user code
// kept one.
struct pickle_session {
    record_parts* p_parts;
    const walk* p_walk;
    bool detect_sharing;
    bool found_shared = false;
    PyObject* culprit = nullptr;
};

// The pickler's file and its buffer_callback. An object of its own: a pickler that was its own file would be a cycle.
struct sink_object {
    PyObject_HEAD pickle_session* session;
};

pickle_session* session_of(PyObject* sink) noexcept {
    pickle_session* const session = reinterpret_cast<sink_object*>(sink)->session;
    if (session == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "this pickler has finished");
    }
    return session;
}

// The pickler's own field follows those of its base, whose size only the running interpreter knows.
PyObject*& sink_of(PyObject* pickler) noexcept {
    auto* const field = reinterpret_cast<std::byte*>(pickler) + state::get().pickler_type->tp_base->tp_basicsize;
    return *reinterpret_cast<PyObject**>(field);
}

bool is_container(PyObject* object) noexcept {
    return PyList_CheckExact(object) || PyDict_CheckExact(object) || PyTuple_CheckExact(object) ||
           PySet_CheckExact(object) || PyFrozenSet_CheckExact(object) || PyByteArray_CheckExact(object);
}

PyObject* sink_write(PyObject* self, PyObject* data) noexcept {
    pickle_session* const session = session_of(self);
    Py_buffer view;
    if (session == nullptr || PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) != 0) {
        return nullptr;
    }
    PyObject* result = nullptr;
    try {
        session->p_parts->pickle.append(view.buf, static_cast<std::size_t>(view.len));
        result = PyLong_FromSsize_t(view.len);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    }
    PyBuffer_Release(&view);
    return result;
}

// False tells pickle that the buffer is taken out of band.
PyObject* sink_keep_buffer(PyObject* self, PyObject* buffer) noexcept {
    pickle_session* const session = session_of(self);
    if (session == nullptr) {
        return nullptr;
    }
    try {
        return session->p_parts->add_exported_payload(buffer) ? Py_NewRef(Py_False) : nullptr;
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
}

// pickle asks this about every object before it looks at it; what is not None replaces the object.
PyObject* pickler_persistent_id(PyObject* self, PyObject* object) noexcept {
    pickle_session* const session = sink_of(self) == nullptr ? nullptr : session_of(sink_of(self));
    if (session == nullptr) {
        return PyErr_Occurred() != nullptr ? nullptr : Py_NewRef(Py_None); // not one of pickle_list()
    }
    if (is_container(object)) {
        if (session->detect_sharing && session->p_walk->knows(object)) {
            session->found_shared = true;
            PyErr_SetString(PyExc_RuntimeError, "shared between a pickled object and the body");
            return nullptr;
        }
        Py_RETURN_NONE;
    }
    if (session->p_walk->leaf_index(object) != pointer_map::k_absent) {
        session->culprit = object;
    }
    const reference_hooks& hooks = state::get().hooks;
    if (hooks.type == nullptr || !PyObject_TypeCheck(object, hooks.type)) {
        Py_RETURN_NONE;
    }
    std::uint32_t id = 0;
    if (!id_of_reference(object, id)) {
        return nullptr;
    }
    try {
        session->p_parts->hold(object);
        session->p_parts->references.push_back(id);
        session->p_parts->pickle_has_references = true;
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
    return PyLong_FromUnsignedLongLong(std::uint64_t{id} << 32 | hooks.generation_of(id));
}

PyObject* pickler_reducer_override(PyObject*, PyObject* object) noexcept {
    return reduce_ndarray(object);
}

PyObject* unpickler_persistent_load(PyObject*, PyObject* persistent_id) noexcept {
    const reference_hooks& hooks = state::get().hooks;
    const unsigned long long both = PyLong_Check(persistent_id) ? PyLong_AsUnsignedLongLong(persistent_id) : ~0ull;
    if (PyErr_Occurred() != nullptr) {
        PyErr_Clear();
        return damaged_record();
    }
    if (both == ~0ull || hooks.type == nullptr) {
        return damaged_record();
    }
    return hooks.from_id(static_cast<std::uint32_t>(both >> 32), static_cast<std::uint32_t>(both));
}

void sink_dealloc(PyObject* self) noexcept {
    PyTypeObject* const type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyMethodDef s_sink_methods[] = {{"write", sink_write, METH_O, nullptr},
                                {"keep_buffer", sink_keep_buffer, METH_O, nullptr},
                                {nullptr, nullptr, 0, nullptr}};
PyMethodDef s_pickler_methods[] = {{"persistent_id", pickler_persistent_id, METH_O, nullptr},
                                   {"reducer_override", pickler_reducer_override, METH_O, nullptr},
                                   {nullptr, nullptr, 0, nullptr}};
PyMethodDef s_unpickler_methods[] = {{"persistent_load", unpickler_persistent_load, METH_O, nullptr},
                                     {nullptr, nullptr, 0, nullptr}};

PyTypeObject* make_subtype(PyObject* base, const char* name, PyMethodDef* methods, std::size_t more_bytes) noexcept {
    if (base == nullptr) {
        return nullptr;
    }
    PyType_Slot slots[] = {{Py_tp_methods, methods}, {0, nullptr}};
    const Py_ssize_t size = reinterpret_cast<PyTypeObject*>(base)->tp_basicsize + static_cast<Py_ssize_t>(more_bytes);
    PyType_Spec spec = {name, static_cast<int>(size), 0, Py_TPFLAGS_DEFAULT, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpecWithBases(&spec, base));
}

reference make_pickler(PyObject* sink) noexcept {
    const reference callback(PyObject_GetAttrString(sink, "keep_buffer"));
    if (!callback) {
        return {};
    }
    PyObject* const arguments[] = {sink, PyLong_FromLong(5), Py_False, callback.get()}; // 5 is a cached int
    reference made(PyObject_Vectorcall(reinterpret_cast<PyObject*>(state::get().pickler_type), arguments, 4, nullptr));
    Py_DECREF(arguments[1]);
    return made;
}

} // namespace

bool make_pickle_types(state& s) noexcept {
    const reference module(PyImport_ImportModule("_pickle"));
    if (!module) {
        return false;
    }
    const reference pickler(PyObject_GetAttrString(module.get(), "Pickler"));
    const reference unpickler(PyObject_GetAttrString(module.get(), "Unpickler"));
    PyType_Slot sink_slots[] = {
        {Py_tp_methods, s_sink_methods}, {Py_tp_dealloc, reinterpret_cast<void*>(sink_dealloc)}, {0, nullptr}};
    PyType_Spec sink_spec = {"parallel.clone_sink", sizeof(sink_object), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, sink_slots};
    s.sink_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&sink_spec));
    s.pickler_type = make_subtype(pickler.get(), "parallel.clone_pickler", s_pickler_methods, sizeof(PyObject*));
    s.unpickler_type = make_subtype(unpickler.get(), "parallel.clone_unpickler", s_unpickler_methods, 0);
    if (s.sink_type == nullptr || s.pickler_type == nullptr || s.unpickler_type == nullptr) {
        return false;
    }
    s.pickle_loads = PyObject_GetAttrString(module.get(), "loads");
    return s.pickle_loads != nullptr;
}

pickled pickle_list(PyObject* objects, record_parts& parts, const walk& walked, bool detect_sharing,
                    PyObject*& culprit) {
    pickle_session session{&parts, &walked, detect_sharing};
    const reference sink(state::get().sink_type->tp_alloc(state::get().sink_type, 0));
    if (!sink) {
        return pickled::failed;
    }
    reinterpret_cast<sink_object*>(sink.get())->session = &session;
    const reference pickler = make_pickler(sink.get());
    bool succeeded = false;
    if (pickler) {
        sink_of(pickler.get()) = sink.get(); // borrowed: the pickler's write method holds it
        succeeded = static_cast<bool>(reference(PyObject_CallMethod(pickler.get(), "dump", "(O)", objects)));
        sink_of(pickler.get()) = nullptr;
    }
    reinterpret_cast<sink_object*>(sink.get())->session = nullptr;
    culprit = session.culprit;
    if (succeeded) {
        return pickled::done;
    }
    if (session.found_shared) {
        PyErr_Clear();
        return pickled::shared_container;
    }
    return pickled::failed;
}

PyObject* unpickle_list(std::span<const std::byte> pickle, bool has_references, PyObject* buffers) noexcept {
    // Constness is what PyBUF_READ says. pickle copies what it takes from here, so no one needs to keep the record for
    // it.
    const reference bytes(PyMemoryView_FromMemory(reinterpret_cast<char*>(const_cast<std::byte*>(pickle.data())),
                                                  static_cast<Py_ssize_t>(pickle.size()), PyBUF_READ));
    const reference options(Py_BuildValue("{s:O}", "buffers", buffers));
    if (!bytes || !options) {
        return nullptr;
    }
    reference result;
    if (!has_references) {
        const reference arguments(PyTuple_Pack(1, bytes.get()));
        result =
            reference(arguments ? PyObject_Call(state::get().pickle_loads, arguments.get(), options.get()) : nullptr);
    } else {
        // Only an Unpickler can be told what persistent ids mean, and it reads from files only.
        const reference file(PyObject_CallOneArg(state::get().bytes_io, bytes.get()));
        const reference arguments(file ? PyTuple_Pack(1, file.get()) : nullptr);
        const reference unpickler(arguments ? PyObject_Call(reinterpret_cast<PyObject*>(state::get().unpickler_type),
                                                            arguments.get(), options.get())
                                            : nullptr);
        result = reference(unpickler ? PyObject_CallMethod(unpickler.get(), "load", nullptr) : nullptr);
    }
    return result.give();
}

} // namespace xpar::clone
