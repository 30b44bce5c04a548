// Notices the death of the launcher, which Jupyter announces in JPY_PARENT_PID: a kernel nobody can reach must not
// stay. Without that variable (a kernel started by hand, or by a launcher that goes away on purpose) nothing is
// watched.
#pragma once

#include "kernel/notifier.hpp"

#include <functional>
#include <thread>

namespace xpar {

class parent_watch {
public:
    // `gone` is called once, on the watching thread, when the parent process has ended.
    explicit parent_watch(std::function<void()> gone);
    ~parent_watch();
    parent_watch(const parent_watch&) = delete;
    parent_watch& operator=(const parent_watch&) = delete;

private:
    void watch(int parent_descriptor) const;

    std::function<void()> m_gone;
    notifier m_stop;
    std::thread m_thread; // not joinable when nothing is watched
};

} // namespace xpar
