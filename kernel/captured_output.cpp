#include "kernel/captured_output.hpp"

#include "kernel/kernel_process.hpp"
#include "kernel/operator_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace xpar {

namespace {

constexpr std::size_t k_piece_bytes = 65536; // what a pipe holds
constexpr std::size_t k_turn_bytes = 1 << 20;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

// How many bytes at the end of `text` begin a UTF-8 character that is not complete.
std::size_t unfinished_bytes(std::string_view text) {
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if ((byte & 0xC0U) == 0x80U) {
            continue; // a continuation byte: its first byte is before it
        }
        const std::size_t length = byte >= 0xF0U ? 4 : byte >= 0xE0U ? 3 : byte >= 0xC0U ? 2 : 1;
        return length > back ? back : 0;
    }
    return 0;
}

} // namespace

void captured_output::open(channel& c) const {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        fail("pipe2");
    }
    c.read_end = ends[0];
    c.write_end = ends[1];
    c.original = ::fcntl(c.descriptor, F_DUPFD_CLOEXEC, 3);
    if (c.original < 0 || ::fcntl(c.read_end, F_SETFL, O_NONBLOCK) != 0 || ::dup2(c.write_end, c.descriptor) < 0) {
        fail("standard output");
    }
}

void captured_output::start() {
    for (channel& c : m_channels) {
        open(c);
    }
    // To a pipe, C's stdout would be written only when 4 KiB have come together.
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    m_running = true;
    m_thread = std::thread(&captured_output::run, this);
}

void captured_output::stop() {
    if (!m_running || !is_kernel_process()) {
        return;
    }
    m_stop.notify();
    m_thread.join();
    drain();
    m_running = false;
    for (channel& c : m_channels) {
        if (!c.unfinished.empty()) {
            p_publisher.write(c.stream, c.unfinished);
        }
        ::dup2(c.original, c.descriptor);
        for (const int end : {c.original, c.read_end, c.write_end}) {
            ::close(end);
        }
    }
}

void captured_output::drain() {
    if (!m_running) {
        return;
    }
    std::fflush(stdout); // before the lock is taken: it may wait for the thread that empties the pipe
    if (!is_kernel_process()) {
        return;
    }
    const std::lock_guard lock(m_mutex);
    std::array<pollfd, 2> items{{{m_channels[0].read_end, POLLIN, 0}, {m_channels[1].read_end, POLLIN, 0}}};
    if (::poll(items.data(), items.size(), 0) <= 0) {
        return;
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        int waiting = 0;
        // Only what is there now: another process may go on writing for ever.
        if (items[i].revents != 0 && ::ioctl(items[i].fd, FIONREAD, &waiting) == 0 && waiting > 0) {
            pass_on_locked(m_channels[i], static_cast<std::size_t>(waiting));
        }
    }
}

void captured_output::repair() const {
    if (!m_running) {
        return;
    }
    for (const channel& c : m_channels) {
        const int flags = ::fcntl(c.descriptor, F_GETFL);
        // SQLite, which writes the history, opens /dev/null for reading where it finds the number free.
        if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
            ::dup2(c.write_end, c.descriptor);
        }
    }
}

void captured_output::run() {
    operator_stream::mark_kernel_thread();
    std::array<pollfd, 3> items{
        {{m_channels[0].read_end, POLLIN, 0}, {m_channels[1].read_end, POLLIN, 0}, {m_stop.descriptor(), POLLIN, 0}}};
    while (true) {
        if (::poll(items.data(), items.size(), -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return; // a cell has closed our ends of the pipes
        }
        if (items[2].revents != 0) {
            return;
        }
        const std::lock_guard lock(m_mutex);
        for (std::size_t i = 0; i < m_channels.size(); ++i) {
            if ((items[i].revents & POLLNVAL) != 0) {
                items[i].fd = -1; // closed by a cell; polling it again would not wait
            } else if (items[i].revents != 0) {
                pass_on_locked(m_channels[i], k_turn_bytes);
            }
        }
    }
}

void captured_output::pass_on_locked(channel& c, std::size_t most) {
    std::string text = std::move(c.unfinished);
    c.unfinished.clear();
    std::size_t taken = 0;
    while (taken < most) {
        const std::size_t before = text.size();
        text.resize(before + std::min(k_piece_bytes, most - taken));
        const ssize_t size = ::read(c.read_end, text.data() + before, text.size() - before);
        text.resize(before + (size > 0 ? static_cast<std::size_t>(size) : 0));
        if (size <= 0 && errno != EINTR) {
            break;
        }
        taken += size > 0 ? static_cast<std::size_t>(size) : 0;
    }
    const std::size_t whole = text.size() - unfinished_bytes(text);
    c.unfinished = text.substr(whole);
    if (whole > 0) {
        p_publisher.write(c.stream, std::string_view(text).substr(0, whole));
    }
}

} // namespace xpar
