#include "runtime/python/glue/context_allocator.hpp"

#include "runtime/python/glue/limit_error.hpp"
#include "runtime/python/glue/loaded_type.hpp"

#include <pthread.h>

namespace xpar {
namespace {

// One per context; a context inside a context (a work that submits work) finds its parent's as the previous allocator.
struct allocator {
    std::unique_ptr<context_heap> objects;
    std::unique_ptr<context_heap> buffers;
    pthread_mutex_t buffers_lock = PTHREAD_MUTEX_INITIALIZER;
    PyMemAllocatorEx previous[3]; // by domain
};

allocator* s_current = nullptr; // of this context
// How the two heaps are reached; the functions below are the same for both.
struct unlocked {
    [[gnu::cold]] static void* refused(const context_heap& heap) noexcept {
        if (heap.is_refusing()) {
            prepare_limit_error();
        }
        return nullptr;
    }
    static context_heap& heap(allocator& of) noexcept { return *of.objects; }
    explicit unlocked(allocator&) noexcept {}
};

struct locked {
    // Whoever asks may not have the GIL.
    [[gnu::cold]] static void* refused(const context_heap&) noexcept { return nullptr; }
    static context_heap& heap(allocator& of) noexcept { return *of.buffers; }
    explicit locked(allocator& of) noexcept : p_lock(&of.buffers_lock) { pthread_mutex_lock(p_lock); }
    locked(const locked&) = delete;
    locked& operator=(const locked&) = delete;
    ~locked() { pthread_mutex_unlock(p_lock); }
    pthread_mutex_t* p_lock;
};

allocator& as_allocator(void* context) noexcept {
    return *static_cast<allocator*>(context);
}

template <class Access>
void* domain_malloc(void* context, std::size_t bytes) noexcept {
    allocator& self = as_allocator(context);
    const Access access(self);
    context_heap& heap = Access::heap(self);
    void* const place = heap.allocate(bytes);
    return place != nullptr ? place : Access::refused(heap);
}

template <class Access>
void* domain_calloc(void* context, std::size_t count, std::size_t size) noexcept {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return nullptr;
    }
    allocator& self = as_allocator(context);
    const Access access(self);
    context_heap& heap = Access::heap(self);
    void* const place = heap.allocate_zeroed(bytes);
    return place != nullptr ? place : Access::refused(heap);
}

template <class Access, PyMemAllocatorDomain Domain>
void* domain_realloc(void* context, void* place, std::size_t bytes) noexcept {
    allocator& self = as_allocator(context);
    context_heap& heap = Access::heap(self);
    if (place != nullptr && !heap.owns(place)) {
        const PyMemAllocatorEx& previous = self.previous[Domain];
        return previous.realloc(previous.ctx, place, bytes);
    }
    const Access access(self);
    void* const moved = place == nullptr ? heap.allocate(bytes) : heap.reallocate(place, bytes);
    return moved != nullptr ? moved : Access::refused(heap);
}

template <class Access>
void domain_free(void* context, void* place) noexcept {
    allocator& self = as_allocator(context);
    context_heap& heap = Access::heap(self);
    if (heap.owns(place)) { // null is not
        const Access access(self);
        heap.free(place);
    }
}

template <class Access, PyMemAllocatorDomain Domain>
void install_domain(allocator& self) noexcept {
    PyMem_GetAllocator(Domain, &self.previous[Domain]);
    PyMemAllocatorEx replacement = {&self, domain_malloc<Access>, domain_calloc<Access>, domain_realloc<Access, Domain>,
                                    domain_free<Access>};
    PyMem_SetAllocator(Domain, &replacement);
}

// User code may fork: its child must find the lock free, and count for itself.
void before_fork() {
    pthread_mutex_lock(&s_current->buffers_lock);
}
void after_fork_parent() {
    pthread_mutex_unlock(&s_current->buffers_lock);
}
void after_fork_child() {
    pthread_mutex_unlock(&s_current->buffers_lock);
    s_current->objects->detach_counters_child();
    s_current->buffers->detach_counters_child();
}

// ---- numpy ----------------------------------------------------------------------------------------------------------

// numpy's public structure for data allocators, version 1 (NEP 49), and where its C API keeps the function that takes
// one. Declared here, so that numpy is neither linked nor needed to build.
struct numpy_allocator {
    void* context;
    void* (*malloc)(void* context, std::size_t bytes);
    void* (*calloc)(void* context, std::size_t count, std::size_t size);
    void* (*realloc)(void* context, void* place, std::size_t bytes);
    void (*free)(void* context, void* place, std::size_t bytes);
};
struct numpy_handler {
    char name[127];
    std::uint8_t version;
    numpy_allocator functions;
};
constexpr std::size_t k_set_handler_slot = 304; // since numpy 1.22
constexpr unsigned k_feature_slot = 211;        // PyArray_GetNDArrayCFeatureVersion
constexpr unsigned k_feature_of_1_22 = 0xf;

// An array of the snapshot keeps the handler it was made with, so only blocks of this heap arrive here.
void numpy_free(void* context, void* place, std::size_t) {
    domain_free<locked>(context, place);
}

void* numpy_realloc(void* context, void* place, std::size_t bytes) {
    return domain_realloc<locked, PYMEM_DOMAIN_RAW>(context, place, bytes);
}

} // namespace

constinit context_range g_context_objects = {0, 0};

status install_context_allocator(context_heaps_shm& shared, PyObject* limit_error) {
    static bool registered = false; // children inherit the registration
    auto self = std::make_unique<allocator>();
    if (status made = context_heap::create(shared.budget, shared.objects, self->objects); !made) {
        return made;
    }
    if (status made = context_heap::create(shared.budget, shared.buffers, self->buffers); !made) {
        return made;
    }
    know_limit_error(limit_error);
    s_current = self.release();
    g_context_objects = {reinterpret_cast<std::uintptr_t>(s_current->objects->space().base()),
                         s_current->objects->space().bytes()};
    install_domain<locked, PYMEM_DOMAIN_RAW>(*s_current);
    install_domain<unlocked, PYMEM_DOMAIN_MEM>(*s_current);
    install_domain<unlocked, PYMEM_DOMAIN_OBJ>(*s_current);
    if (!registered) {
        registered = true;
        pthread_atfork(before_fork, after_fork_parent, after_fork_child);
    }
    return status::ok();
}

bool is_context_memory(const void* place) noexcept {
    return s_current != nullptr && (s_current->objects->owns(place) || s_current->buffers->owns(place));
}

bool is_at_heap_limit() noexcept {
    return s_current != nullptr && (s_current->objects->is_refusing() || s_current->buffers->is_refusing());
}

bool install_numpy_memory() {
    PyTypeObject* const array = loaded_type("numpy", "ndarray");
    if (s_current == nullptr || array == nullptr) {
        return true;
    }
    PyObject* const extension = defining_extension(array);
    PyObject* const capsule = extension != nullptr ? PyObject_GetAttrString(extension, "_ARRAY_API") : nullptr;
    if (capsule == nullptr) {
        return false;
    }
    auto* const api = static_cast<void**>(PyCapsule_GetPointer(capsule, nullptr));
    Py_DECREF(capsule);
    if (api == nullptr) {
        return false;
    }
    if (reinterpret_cast<unsigned (*)()>(api[k_feature_slot])() < k_feature_of_1_22) {
        return true; // an older numpy allocates its data where it always did
    }
    static numpy_handler handler = {
        "xeus-parallel context", 1, {nullptr, domain_malloc<locked>, domain_calloc<locked>, numpy_realloc, numpy_free}};
    handler.functions.context = s_current;
    PyObject* const wanted = PyCapsule_New(&handler, "mem_handler", nullptr);
    if (wanted == nullptr) {
        return false;
    }
    PyObject* const before = reinterpret_cast<PyObject* (*)(PyObject*)>(api[k_set_handler_slot])(wanted);
    Py_DECREF(wanted);
    Py_XDECREF(before);
    return before != nullptr;
}

} // namespace xpar
