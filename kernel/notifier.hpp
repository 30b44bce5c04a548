// A counter another thread or a signal handler can raise and a poll can wait for: one eventfd.
// Not a message queue: notifications that were not yet cleared merge into one.
#pragma once

namespace xpar {

class notifier {
public:
    notifier(); // throws std::system_error when the process is out of descriptors
    ~notifier();
    notifier(const notifier&) = delete;
    notifier& operator=(const notifier&) = delete;

    // Any thread, any signal handler; a forked child would wake its parent, so children must not call it.
    void notify() const noexcept;
    void clear() const noexcept;
    int descriptor() const noexcept { return m_descriptor; }

private:
    int m_descriptor;
};

} // namespace xpar
