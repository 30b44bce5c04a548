#include "runtime/python/glue/limit_error.hpp"

#include "runtime/python/glue/reference.hpp"

namespace xpar {
namespace {

PyTypeObject* s_type = nullptr; // null: nothing is prepared

// Keeps what is set while something else may fail.
class error_kept {
public:
    error_kept() { PyErr_Fetch(&m_type, &m_value, &m_traceback); }
    ~error_kept() { PyErr_Restore(m_type, m_value, m_traceback); }
    error_kept(const error_kept&) = delete;
    error_kept& operator=(const error_kept&) = delete;

private:
    PyObject* m_type = nullptr;
    PyObject* m_value = nullptr;
    PyObject* m_traceback = nullptr;
};

// A MemoryError as PyErr_NoMemory() takes it, whatever its type is by now; null without memory.
PyObject* take_kept() noexcept {
    auto* const plain = reinterpret_cast<PyTypeObject*>(PyExc_MemoryError);
    const reference nothing(PyTuple_New(0));
    PyObject* const taken = nothing ? plain->tp_new(plain, nothing.get(), nullptr) : nullptr;
    if (taken == nullptr) {
        PyErr_Clear();
    } else if (Py_IS_TYPE(taken, s_type)) {
        Py_SET_TYPE(taken, plain);
        Py_DECREF(s_type);
    }
    return taken;
}

// ---- does the interpreter keep them? --------------------------------------------------------------------------------

struct watched {
    PyMemAllocatorEx previous;
    bool freed;
};

void* pass_malloc(void* context, std::size_t bytes) noexcept {
    const PyMemAllocatorEx& to = static_cast<watched*>(context)->previous;
    return to.malloc(to.ctx, bytes);
}

void* pass_calloc(void* context, std::size_t count, std::size_t bytes) noexcept {
    const PyMemAllocatorEx& to = static_cast<watched*>(context)->previous;
    return to.calloc(to.ctx, count, bytes);
}

void* pass_realloc(void* context, void* place, std::size_t bytes) noexcept {
    const PyMemAllocatorEx& to = static_cast<watched*>(context)->previous;
    return to.realloc(to.ctx, place, bytes);
}

void note_free(void* context, void* place) noexcept {
    auto& self = *static_cast<watched*>(context);
    self.freed = true;
    self.previous.free(self.previous.ctx, place);
}

bool interpreter_keeps_memory_errors() noexcept {
    PyObject* const taken = take_kept();
    if (taken == nullptr) {
        return false;
    }
    watched seen{};
    PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &seen.previous);
    PyMemAllocatorEx watching = {&seen, pass_malloc, pass_calloc, pass_realloc, note_free};
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &watching);
    Py_DECREF(taken);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &seen.previous);
    return !seen.freed;
}

} // namespace

void know_limit_error(PyObject* type) noexcept {
    auto* const wanted = reinterpret_cast<PyTypeObject*>(type);
    const auto* const plain = reinterpret_cast<PyTypeObject*>(PyExc_MemoryError);
    if (s_type == nullptr && wanted->tp_basicsize == plain->tp_basicsize &&
        wanted->tp_weaklistoffset == plain->tp_weaklistoffset && interpreter_keeps_memory_errors()) {
        s_type = reinterpret_cast<PyTypeObject*>(Py_NewRef(type));
    }
}

void prepare_limit_error() noexcept {
    static bool is_preparing = false; // it allocates itself where all that were kept are in use
    if (s_type == nullptr || is_preparing) {
        return;
    }
    is_preparing = true;
    const error_kept kept;
    if (PyObject* const next = take_kept()) {
        Py_DECREF(next); // it is the first of those that are kept
        Py_INCREF(s_type);
        Py_SET_TYPE(next, s_type);
    }
    is_preparing = false;
}

void forget_limit_error() noexcept {
    if (s_type != nullptr) {
        const error_kept kept;
        Py_XDECREF(take_kept());
    }
}

} // namespace xpar
