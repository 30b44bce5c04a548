#include "runtime/python/guard/big_buffers.hpp"

#include "runtime/python/guard/frames.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/guard/storage.hpp"

#include <sys/mman.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <unordered_set>

namespace xpar::guard {
namespace {

constexpr std::uintptr_t k_page = 4096; // x86-64
constexpr int k_most_buffers = 1024;
constexpr std::size_t k_most_looks = 20'000; // objects, while looking for buffers: 1 ms
constexpr int k_deepest = 4;
constexpr int k_most_pages = 4096; // that can be put back: 16 MiB; more are written for good

struct buffer {
    std::uintptr_t begin; // of its first whole page
    std::uintptr_t end;
    PyObject* object;
};

// Read by the signal's handler. Written before contexts exist; the pages by the handler and by the thread it
// interrupted.
buffer s_buffers[k_most_buffers];
int s_buffer_count = 0;
struct saved_page {
    std::uintptr_t place;
    void* copy;
};
saved_page s_saved[k_most_pages];
int s_saved_count = 0;
std::atomic<PyObject*> s_written{nullptr};
struct sigaction s_before;

// Runs when the C function has returned, on the interpreter's main thread.
int raise_for_write(void*) noexcept {
    PyObject* const written = s_written.exchange(nullptr);
    if (written == nullptr) {
        return 0;
    }
    while (s_saved_count > 0) {
        const saved_page& page = s_saved[--s_saved_count];
        std::memcpy(reinterpret_cast<void*>(page.place), page.copy, k_page);
        mprotect(reinterpret_cast<void*>(page.place), k_page, PROT_READ);
        munmap(page.copy, k_page);
    }
    return refuses_write(written) ? -1 : 0;
}

buffer* buffer_at(std::uintptr_t place) noexcept {
    for (int i = 0; i < s_buffer_count; ++i) {
        if (place >= s_buffers[i].begin && place < s_buffers[i].end) {
            return &s_buffers[i];
        }
    }
    return nullptr;
}

// On the thread that writes. Calls the system and nothing else, but for Py_AddPendingCall, which takes a lock that no C
// function holds while it writes to an array.
void on_fault(int number, siginfo_t* facts, void* context) noexcept {
    const auto place = reinterpret_cast<std::uintptr_t>(facts->si_addr);
    buffer* const hit = buffer_at(place);
    if (hit == nullptr) {
        // A crash as it would have been: by the handler there was, or by the system when the instruction is tried
        // again.
        if ((s_before.sa_flags & SA_SIGINFO) != 0 && s_before.sa_sigaction != nullptr) {
            s_before.sa_sigaction(number, facts, context);
        } else {
            sigaction(SIGSEGV, &s_before, nullptr);
            if (facts->si_code <= 0) { // sent by kill(): there is no instruction to be tried again
                (void)raise(number);
            }
        }
        return;
    }
    const std::uintptr_t page = place & ~(k_page - 1);
    void* const copy = s_saved_count < k_most_pages
                           ? mmap(nullptr, k_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                           : MAP_FAILED;
    if (copy != MAP_FAILED) {
        std::memcpy(copy, reinterpret_cast<void*>(page), k_page);
        s_saved[s_saved_count++] = {page, copy};
        mprotect(reinterpret_cast<void*>(page), k_page, PROT_READ | PROT_WRITE);
    } else {
        mprotect(reinterpret_cast<void*>(page), hit->end - page, PROT_READ | PROT_WRITE);
    }
    if (s_written.exchange(hit->object) == nullptr) {
        (void)Py_AddPendingCall(raise_for_write, nullptr);
    }
}

class buffer_finder {
public:
    void look_at(PyObject* object, int depth) {
        if (m_looks == 0 || object == nullptr || !m_seen.insert(object).second) {
            return;
        }
        --m_looks;
        void* data = nullptr;
        std::size_t bytes = 0;
        if (owns_storage(object, data, bytes)) {
            add(object, reinterpret_cast<std::uintptr_t>(data), bytes);
        } else if (depth < k_deepest && PyFunction_Check(object)) { // not its globals and builtins
            look_at(reinterpret_cast<PyFunctionObject*>(object)->func_defaults, depth + 1);
            look_at(reinterpret_cast<PyFunctionObject*>(object)->func_closure, depth + 1);
        } else if (depth < k_deepest && (PyDict_CheckExact(object) || PyList_CheckExact(object) || PyTuple_CheckExact(object) ||
                                         PyCell_Check(object) || is_user_type(Py_TYPE(object)))) {
            m_depth = depth + 1;
            if (Py_TYPE(object)->tp_traverse != nullptr) {
                Py_TYPE(object)->tp_traverse(object, visit, this);
            }
            m_depth = depth;
        }
    }

    void look_at_values(PyObject* dict) {
        m_seen.insert(dict);
        PyObject* key = nullptr;
        PyObject* value = nullptr;
        for (Py_ssize_t at = 0; PyDict_Next(dict, &at, &key, &value) != 0;) {
            m_depth = 0;
            look_at(value, 0);
        }
    }

private:
    static int visit(PyObject* object, void* self_as_void) {
        auto& self = *static_cast<buffer_finder*>(self_as_void);
        self.look_at(object, self.m_depth);
        return self.m_looks == 0 ? 1 : 0;
    }

    static void add(PyObject* object, std::uintptr_t data, std::size_t bytes) {
        const std::uintptr_t begin = (data + k_page - 1) & ~(k_page - 1);
        const std::uintptr_t end = (data + bytes) & ~(k_page - 1);
        if (end <= begin || s_buffer_count == k_most_buffers || buffer_at(begin) != nullptr) {
            return;
        }
        if (mprotect(reinterpret_cast<void*>(begin), end - begin, PROT_READ) == 0) {
            s_buffers[s_buffer_count++] = {begin, end, object};
        }
    }

    std::unordered_set<PyObject*> m_seen;
    std::size_t m_looks = k_most_looks;
    int m_depth = 0;
};

} // namespace

void protect_big_buffers() noexcept {
    buffer_finder finder;
    for (PyObject* const namespace_of_user : find_user_modules()) {
        finder.look_at_values(namespace_of_user);
    }
}

void listen_to_writes() noexcept {
    if (s_buffer_count > 0) {
        struct sigaction action = {};
        action.sa_sigaction = on_fault;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        sigaction(SIGSEGV, &action, &s_before);
    }
}

} // namespace xpar::guard
