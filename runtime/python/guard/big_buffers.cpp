#include "runtime/python/guard/big_buffers.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/guard/storage.hpp"
#include "runtime/python/guard/user_walk.hpp"

#include <sys/mman.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <new>

namespace xpar::guard {
namespace {

constexpr std::uintptr_t k_page = 4096; // x86-64
constexpr int k_most_buffers = 1024;
constexpr std::uint64_t k_longest_look_ns = 1'000'000; // for buffers, nearest first
constexpr std::size_t k_most_edge_bytes = 256 << 10;   // for 64 buffers on the average: 4 KiB each
constexpr int k_most_pages = 4096;                     // that can be put back: 16 MiB; more are written for good

struct buffer {
    std::uintptr_t begin; // of its first whole page
    std::uintptr_t end;
    PyObject* object;
    // What it has before and behind its whole pages, which others have parts of and which cannot be protected: a copy.
    std::size_t before;
    std::size_t behind;
    const unsigned char* edges; // null where there was no room for it
    bool is_hit;
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
unsigned char s_edges[k_most_edge_bytes];
std::size_t s_edge_bytes = 0;
std::atomic<PyObject*> s_written{nullptr};
struct sigaction s_before;

void put_back_edges(buffer& of) noexcept {
    if (of.is_hit && of.edges != nullptr) {
        std::memcpy(reinterpret_cast<void*>(of.begin - of.before), of.edges, of.before);
        std::memcpy(reinterpret_cast<void*>(of.end), of.edges + of.before, of.behind);
    }
    of.is_hit = false;
}

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
    for (int i = 0; i < s_buffer_count; ++i) {
        put_back_edges(s_buffers[i]);
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
    hit->is_hit = true;
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

class buffer_finder final : public user_walk {
private:
    void meet(PyObject* object) override {
        void* data = nullptr;
        std::size_t bytes = 0;
        if (owns_storage(object, k_page, data, bytes)) {
            add(object, reinterpret_cast<std::uintptr_t>(data), bytes);
        }
    }

    bool is_over() noexcept override { return s_buffer_count == k_most_buffers || thread_processor_ns() >= m_until_ns; }

    static void add(PyObject* object, std::uintptr_t data, std::size_t bytes) {
        const std::uintptr_t begin = (data + k_page - 1) & ~(k_page - 1);
        const std::uintptr_t end = (data + bytes) & ~(k_page - 1);
        if (end <= begin || s_buffer_count == k_most_buffers || buffer_at(begin) != nullptr) {
            return;
        }
        if (mprotect(reinterpret_cast<void*>(begin), end - begin, PROT_READ) == 0) {
            s_buffers[s_buffer_count++] =
                with_edges({begin, end, object, begin - data, data + bytes - end, nullptr, false});
        }
    }

    static buffer with_edges(buffer of) {
        if (of.before + of.behind <= k_most_edge_bytes - s_edge_bytes) {
            unsigned char* const copy = s_edges + s_edge_bytes;
            std::memcpy(copy, reinterpret_cast<const void*>(of.begin - of.before), of.before);
            std::memcpy(copy + of.before, reinterpret_cast<const void*>(of.end), of.behind);
            s_edge_bytes += of.before + of.behind;
            of.edges = copy;
        }
        return of;
    }

    const std::uint64_t m_until_ns = thread_processor_ns() + k_longest_look_ns;
};

} // namespace

void protect_big_buffers() noexcept {
    try {
        buffer_finder().run();
    } catch (const std::bad_alloc&) { // as far as it has come
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
