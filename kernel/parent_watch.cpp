#include "kernel/parent_watch.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xpar {

parent_watch::parent_watch(std::function<void()> gone) : m_gone(std::move(gone)) {
    const char* announced = std::getenv("JPY_PARENT_PID");
    if (announced == nullptr || std::atoi(announced) <= 0) {
        return;
    }
    // The direct parent, not the announced process: they are the same, or the parent is a wrapper that ends with it,
    // or the number belongs to another pid namespace and may name a stranger here.
    const pid_t parent = ::getppid();
    const int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, parent, 0));
    if (::getppid() != parent) { // it ended before it was held, and the number may be someone else's by now
        if (descriptor >= 0) {
            ::close(descriptor);
        }
        m_thread = std::thread(m_gone);
        return;
    }
    if (descriptor < 0) {
        return; // the parent is outside this pid namespace (0): its end cannot be seen from here
    }
    m_thread = std::thread([this, descriptor] { watch(descriptor); });
}

parent_watch::~parent_watch() {
    m_stop.notify();
    if (m_thread.joinable()) {
        m_thread.join();
    }
}

void parent_watch::watch(int parent_descriptor) const {
    pollfd items[] = {{parent_descriptor, POLLIN, 0}, {m_stop.descriptor(), POLLIN, 0}};
    int ready = 0;
    do {
        ready = ::poll(items, 2, -1);
    } while (ready < 0 && errno == EINTR);
    if (ready > 0 && items[0].revents != 0) {
        m_gone();
    }
    ::close(parent_descriptor);
}

} // namespace xpar
