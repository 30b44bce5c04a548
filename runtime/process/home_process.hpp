// Is this still the process that made the object, or a copy that user code forked off in between?
// A work may call fork and return in both processes; the copy must not go on as a second context in the same slot.
// Not for security, and not thread by thread. Asking costs a load; a getpid after every work would be 200 ns.
#pragma once

#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>

namespace xpar {

class home_process {
public:
    home_process() noexcept
        : m_pid(getpid()), m_page_bytes(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
          p_page(mmap(nullptr, m_page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
        if (p_page == MAP_FAILED) {
            p_page = nullptr;
            return;
        }
        if (madvise(p_page, m_page_bytes, MADV_WIPEONFORK) != 0) { // Linux before 4.14
            munmap(p_page, m_page_bytes);
            p_page = nullptr;
            return;
        }
        *static_cast<volatile char*>(p_page) = 1;
    }
    home_process(const home_process&) = delete;
    home_process& operator=(const home_process&) = delete;
    ~home_process() {
        if (p_page != nullptr) {
            munmap(p_page, m_page_bytes);
        }
    }

    pid_t pid() const noexcept { return m_pid; }

    // The kernel empties the page in a child, however it was forked. volatile: it does so behind the compiler's back.
    bool is_here() const noexcept {
        return p_page != nullptr ? *static_cast<const volatile char*>(p_page) != 0 : getpid() == m_pid;
    }

private:
    pid_t m_pid;
    std::size_t m_page_bytes;
    void* p_page; // null where the system has no such pages
};

} // namespace xpar
