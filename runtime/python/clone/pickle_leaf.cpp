#include "runtime/python/clone/pickle_leaf.hpp"

#include "runtime/python/clone/ndarray_leaf.hpp"
#include "runtime/python/glue/loaded_type.hpp"
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

// The pickler's file, buffer_callback and persistent_id. An object of its own: a pickler holds these as bound methods,
// which would make it a cycle if they were its own.
struct sink_object {
    PyObject ob_base;
    pickle_session* session;
};

pickle_session* session_of(PyObject* sink) noexcept {
    pickle_session* const session = reinterpret_cast<sink_object*>(sink)->session;
    if (session == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "this pickler has finished");
    }
    return session;
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

bool is_instance_of(PyTypeObject* type, const char* module, const char* name) noexcept {
    PyTypeObject* const base = loaded_type(module, name);
    return base != nullptr && PyType_IsSubtype(type, base) != 0;
}

// Arrays and tables are read back in place, and so cannot be changed. In objects of other libraries nobody expects
// that: a figure that is drawn, a model that is trained further write to arrays of their own. Theirs are copied, as
// pickle does.
bool is_read_in_place(PyObject* leaf) noexcept {
    PyTypeObject* const type = leaf != nullptr ? Py_TYPE(leaf) : nullptr;
    if (type == nullptr || (type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0) {
        return type != nullptr; // C types: arrays, and what makes buffers itself
    }
    // By the names that users import: where the classes are defined changes from version to version.
    return is_instance_of(type, "numpy", "ndarray") || is_instance_of(type, "pandas", "DataFrame") ||
           is_instance_of(type, "pandas", "Series") || is_instance_of(type, "pandas", "Index") ||
           is_instance_of(type, "pandas.api.extensions", "ExtensionArray");
}

// False tells pickle that the buffer is taken out of band, True that it is to go with the rest.
PyObject* sink_keep_buffer(PyObject* self, PyObject* buffer) noexcept {
    pickle_session* const session = session_of(self);
    if (session == nullptr) {
        return nullptr;
    }
    if (!is_read_in_place(session->culprit)) {
        Py_RETURN_TRUE;
    }
    try {
        return session->p_parts->add_exported_payload(buffer) ? Py_NewRef(Py_False) : nullptr;
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
}

// pickle asks this about every object before it looks at it; what is not None replaces the object.
PyObject* sink_persistent_id(PyObject* self, PyObject* object) noexcept {
    pickle_session* const session = session_of(self);
    if (session == nullptr) {
        return nullptr;
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

PyObject* persistent_load(PyObject*, PyObject* persistent_id) noexcept {
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
                                {"persistent_id", sink_persistent_id, METH_O, nullptr},
                                {nullptr, nullptr, 0, nullptr}};
// What the pickler's type adds to an instance of its base; borrowed.
PyObject*& sink_of(PyObject* pickler) noexcept {
    const Py_ssize_t place = state::get().pickler_type->tp_base->tp_basicsize;
    return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(pickler) + place);
}

PyObject* pickler_get_persistent_id(PyObject* self, void*) noexcept {
    return PyObject_GetAttrString(sink_of(self), "persistent_id");
}

PyObject* unpickler_get_persistent_load(PyObject*, void*) noexcept {
    return Py_NewRef(state::get().persistent_load);
}

// pickle drops this bound method at the end of every dump().
PyMethodDef s_pickler_methods[] = {{"reducer_override", pickler_reducer_override, METH_O, nullptr},
                                   {nullptr, nullptr, 0, nullptr}};
// Attributes of the types: CPython 3.13.0 lets nobody set them in an instance. Neither is bound to the instance, which
// would be a cycle.
PyGetSetDef s_pickler_attributes[] = {{"persistent_id", pickler_get_persistent_id, nullptr, nullptr, nullptr},
                                      {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyGetSetDef s_unpickler_attributes[] = {{"persistent_load", unpickler_get_persistent_load, nullptr, nullptr, nullptr},
                                        {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef s_persistent_load = {"persistent_load", persistent_load, METH_O, nullptr};

PyTypeObject* make_sink_type() noexcept {
    PyType_Slot slots[] = {
        {Py_tp_methods, s_sink_methods}, {Py_tp_dealloc, reinterpret_cast<void*>(sink_dealloc)}, {0, nullptr}};
    PyType_Spec spec = {"parallel.clone_sink", sizeof(sink_object), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

PyTypeObject* make_subclass(const char* name, PyObject* base, std::size_t more_bytes, PyGetSetDef* attributes,
                            PyMethodDef* methods) noexcept {
    const auto bytes = more_bytes + static_cast<std::size_t>(reinterpret_cast<PyTypeObject*>(base)->tp_basicsize);
    PyType_Slot slots[] = {{Py_tp_getset, attributes}, {methods != nullptr ? Py_tp_methods : 0, methods}, {0, nullptr}};
    PyType_Spec spec = {name, static_cast<int>(bytes), 0, Py_TPFLAGS_DEFAULT, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpecWithBases(&spec, base));
}

// pickle.Pickler(sink, 5, False, sink.keep_buffer), which finds its sink before it is told of its file.
reference make_pickler(PyObject* sink) noexcept {
    PyTypeObject* const type = state::get().pickler_type;
    const reference keep_buffer(PyObject_GetAttrString(sink, "keep_buffer"));
    const reference arguments(keep_buffer ? Py_BuildValue("(OiOO)", sink, 5, Py_False, keep_buffer.get()) : nullptr);
    reference made(arguments ? type->tp_new(type, arguments.get(), nullptr) : nullptr);
    if (made) {
        sink_of(made.get()) = sink;
    }
    return made && type->tp_init(made.get(), arguments.get(), nullptr) == 0 ? std::move(made) : reference();
}

} // namespace

bool make_pickle_types(state& s) noexcept {
    const reference module(PyImport_ImportModule("_pickle"));
    const reference pickler(module ? PyObject_GetAttrString(module.get(), "Pickler") : nullptr);
    const reference unpickler(module ? PyObject_GetAttrString(module.get(), "Unpickler") : nullptr);
    if (!pickler || !unpickler) {
        return false;
    }
    s.sink_type = make_sink_type();
    s.pickler_type = make_subclass("parallel.clone_pickler", pickler.get(), sizeof(PyObject*), s_pickler_attributes,
                                   s_pickler_methods);
    s.unpickler_type = make_subclass("parallel.clone_unpickler", unpickler.get(), 0, s_unpickler_attributes, nullptr);
    s.persistent_load = PyCFunction_New(&s_persistent_load, nullptr);
    s.buffers_keyword = Py_BuildValue("(s)", "buffers");
    if (s.sink_type == nullptr || s.pickler_type == nullptr || s.unpickler_type == nullptr ||
        s.persistent_load == nullptr || s.buffers_keyword == nullptr) {
        return false;
    }
    s.pickle_loads = PyObject_GetAttrString(module.get(), "loads");
    return s.pickle_loads != nullptr;
}

bool leaf_pickler::prepare() noexcept {
    if (m_sink) {
        return true;
    }
    reference sink(state::get().sink_type->tp_alloc(state::get().sink_type, 0));
    const reference pickler = sink ? make_pickler(sink.get()) : reference();
    if (!pickler) {
        return false;
    }
    m_dump = reference(PyObject_GetAttrString(pickler.get(), "dump"));
    m_clear_memo = reference(PyObject_GetAttrString(pickler.get(), "clear_memo"));
    m_sink = m_dump && m_clear_memo ? std::move(sink) : reference();
    return static_cast<bool>(m_sink);
}

void leaf_pickler::forget() noexcept {
    m_dump = reference();
    m_clear_memo = reference();
    m_sink = reference();
}

pickled leaf_pickler::run(PyObject* objects, record_parts& parts, const walk& walked, bool detect_sharing,
                          PyObject*& culprit) {
    constexpr std::size_t keep = std::size_t{64} << 10; // a pickler's memo never shrinks
    if (!prepare()) {
        return pickled::failed;
    }
    pickle_session session{&parts, &walked, detect_sharing};
    PyObject* const sink = m_sink.get();
    reinterpret_cast<sink_object*>(sink)->session = &session;
    const reference dumped(PyObject_CallOneArg(m_dump.get(), objects));
    reinterpret_cast<sink_object*>(sink)->session = nullptr;
    culprit = session.culprit;
    if (!dumped) {
        const bool found_shared = session.found_shared;
        if (found_shared) {
            PyErr_Clear();
        }
        PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
        PyErr_Fetch(&type, &value, &traceback); // the memo's objects may have finalizers, which want no error set
        forget();
        PyErr_Restore(type, value, traceback);
        return found_shared ? pickled::shared_container : pickled::failed;
    }
    if (parts.pickle.size() > keep) {
        forget();
        return pickled::done;
    }
    return reference(PyObject_CallNoArgs(m_clear_memo.get())) ? pickled::done : pickled::failed;
}

PyObject* unpickle_list(std::span<const std::byte> pickle, bool has_references, PyObject* buffers) noexcept {
    // PyBUF_READ stands for const. pickle copies what it takes from here: nothing has to keep the record for it.
    const reference bytes(PyMemoryView_FromMemory(reinterpret_cast<char*>(const_cast<std::byte*>(pickle.data())),
                                                  static_cast<Py_ssize_t>(pickle.size()), PyBUF_READ));
    if (!bytes) {
        return nullptr;
    }
    const state& s = state::get();
    if (!has_references) {
        PyObject* const arguments[] = {bytes.get(), buffers};
        return PyObject_Vectorcall(s.pickle_loads, arguments, 1, s.buffers_keyword);
    }
    // Only an Unpickler object can be told what persistent ids mean, and it reads from files only.
    const reference file(PyObject_CallOneArg(s.bytes_io, bytes.get()));
    PyObject* const arguments[] = {file.get(), buffers};
    auto* const type = reinterpret_cast<PyObject*>(s.unpickler_type);
    const reference unpickler(file ? PyObject_Vectorcall(type, arguments, 1, s.buffers_keyword) : nullptr);
    return unpickler ? PyObject_CallMethod(unpickler.get(), "load", nullptr) : nullptr;
}

} // namespace xpar::clone
