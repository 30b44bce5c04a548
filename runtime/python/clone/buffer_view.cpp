#include "runtime/python/clone/buffer_view.hpp"

namespace xpar::clone {
namespace {

struct buffer_view_object {
    PyObject ob_base;
    const std::byte* data; // inside memory that `owned_keeper` keeps
    Py_ssize_t size;
    PyObject* owned_keeper;
};

buffer_view_object* as_view(PyObject* object) noexcept {
    return reinterpret_cast<buffer_view_object*>(object);
}

int buffer_view_getbuffer(PyObject* self, Py_buffer* view, int flags) noexcept {
    const buffer_view_object* const of = as_view(self);
    // The interface of the buffer protocol has no const; readonly = 1 is what says it.
    return PyBuffer_FillInfo(view, self, const_cast<std::byte*>(of->data), of->size, 1, flags);
}

int buffer_view_traverse(PyObject* self, visitproc visit, void* arg) noexcept {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(as_view(self)->owned_keeper);
    return 0;
}

void buffer_view_dealloc(PyObject* self) noexcept {
    PyObject_GC_UnTrack(self);
    PyTypeObject* const type = Py_TYPE(self);
    Py_XDECREF(as_view(self)->owned_keeper);
    type->tp_free(self);
    Py_DECREF(type);
}

template <class Function>
void* slot_pointer(Function function) noexcept {
    return reinterpret_cast<void*>(function);
}

} // namespace

PyTypeObject* make_buffer_view_type() noexcept {
    PyType_Slot slots[] = {
        {Py_tp_doc, const_cast<char*>("Read-only bytes that lie in an xlist's heap.")},
        {Py_bf_getbuffer, slot_pointer(buffer_view_getbuffer)},
        // No tp_clear: the keeper is what breaks a cycle it is part of.
        {Py_tp_traverse, slot_pointer(buffer_view_traverse)},
        {Py_tp_dealloc, slot_pointer(buffer_view_dealloc)},
        {0, nullptr},
    };
    PyType_Spec spec = {
        "parallel.buffer_view", sizeof(buffer_view_object), 0,
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

PyObject* make_buffer_view(PyTypeObject* type, const std::byte* data, std::size_t size, PyObject* owner) noexcept {
    PyObject* const view = type->tp_alloc(type, 0);
    if (view == nullptr) {
        return nullptr;
    }
    as_view(view)->data = data;
    as_view(view)->size = static_cast<Py_ssize_t>(size);
    as_view(view)->owned_keeper = Py_XNewRef(owner);
    PyObject* const exported = PyMemoryView_FromObject(view);
    Py_DECREF(view);
    return exported;
}

} // namespace xpar::clone
