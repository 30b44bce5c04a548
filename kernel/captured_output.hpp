// Descriptors 1 and 2 of the process, as text in the running cell: what subprocesses, C code and forked children write
// without asking Python. Each is a pipe; a thread reads both and hands the text to the publisher.
//
// It cannot deadlock: the thread needs neither the GIL nor anything a writer could hold, so a full pipe is emptied even
// while its writer keeps the GIL.
// Not for Python's own streams, which go to the publisher directly; drain() before whatever else is published keeps the
// order. Between the two pipes there is none: of what was written to both since they were last looked into, descriptor
// 1 comes first.
#pragma once

#include "kernel/notifier.hpp"
#include "kernel/publisher.hpp"

#include <array>
#include <mutex>
#include <string>
#include <thread>

namespace xpar {

class captured_output {
public:
    explicit captured_output(publisher& to) : p_publisher(to) {}
    ~captured_output() { stop(); }
    captured_output(const captured_output&) = delete;
    captured_output& operator=(const captured_output&) = delete;

    // Main thread. Throws std::system_error when the process is out of descriptors.
    void start();
    // Main thread. Publishes what is left and gives the descriptors back.
    void stop();

    // Any thread of this process, with or without the GIL: all that has been written before the call, also to C's
    // stdout, is in the publisher when it returns. In a forked child it empties the buffer of C's stdout only.
    void drain();

    // Main thread: after a cell that closed a descriptor, later cells have it again.
    void repair() const;

private:
    struct channel {
        int descriptor;
        const char* stream;
        int original = -1;
        int read_end = -1;
        int write_end = -1;
        std::string unfinished = {}; // the first bytes of a character whose others have not come yet
    };

    void open(channel& c) const;
    void run();
    void pass_on_locked(channel& c, std::size_t most);

    publisher& p_publisher;
    notifier m_stop;
    std::mutex m_mutex; // held from the reading of a piece to its arrival in the publisher
    bool m_running = false;
    std::array<channel, 2> m_channels{{{1, "stdout"}, {2, "stderr"}}};
    std::thread m_thread;
};

} // namespace xpar
