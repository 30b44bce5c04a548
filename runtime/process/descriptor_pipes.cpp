#include "runtime/process/descriptor_pipes.hpp"

#include "runtime/base/clock.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>

namespace xpar {
namespace {

// In a context: its own read ends, to look at and not to read from, and where the zygote says that it reads.
std::array<int, 2> s_read_ends{-1, -1};
const std::atomic<std::uint32_t>* s_reading = nullptr;

bool is_empty(int descriptor) noexcept {
    int waiting = 0;
    return ioctl(descriptor, FIONREAD, &waiting) != 0 || waiting == 0; // closed by user code: nothing to wait for
}

} // namespace

void descriptor_pipes::open(std::uint32_t slot) noexcept {
    for (channel& c : m_pipes[slot]) {
        int ends[2];
        if (c.read_end >= 0 || pipe2(ends, O_CLOEXEC) != 0) {
            continue;
        }
        // The reader's end alone: who writes should wait when the pipe is full.
        (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
        c = {ends[0], ends[1]};
    }
}

void descriptor_pipes::redirect_child(std::uint32_t slot) noexcept {
    for (std::uint32_t other = 0; other < m_pipes.size(); ++other) {
        for (std::size_t number = 0; number < 2; ++number) {
            const channel& c = m_pipes[other][number];
            if (c.read_end < 0) {
                continue;
            }
            if (other == slot) {
                (void)dup2(c.write_end, static_cast<int>(number) + 1);
                s_read_ends[number] = c.read_end;
            } else {
                close(c.read_end);
            }
            close(c.write_end);
        }
    }
    s_reading = &m_group.contexts[slot].reading;
    // The C library would hold back what it prints to a pipe, and a context ends without giving it out.
    (void)std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
}

void descriptor_pipes::append_to(std::vector<pollfd>& polled) const {
    for (const channels& of_slot : m_pipes) {
        for (const channel& c : of_slot) {
            if (c.read_end >= 0) {
                polled.push_back({c.read_end, POLLIN, 0});
            }
        }
    }
}

void descriptor_pipes::read_ready(const std::vector<pollfd>& polled, std::size_t first) noexcept {
    std::size_t at = first;
    for (std::uint32_t slot = 0; slot < m_pipes.size(); ++slot) {
        for (std::size_t number = 0; number < 2; ++number) {
            if (m_pipes[slot][number].read_end >= 0 && at < polled.size() && polled[at++].revents != 0) {
                (void)read_some(slot, number); // the rest next time: one that floods does not keep the others waiting
            }
        }
    }
}

void descriptor_pipes::read_rest(std::uint32_t slot) noexcept {
    // Bounded: a program that it has started may go on writing.
    constexpr int k_most_reads = 64;
    for (std::size_t number = 0; number < 2; ++number) {
        for (int reads = 0; reads < k_most_reads && read_some(slot, number); ++reads) {
        }
    }
    m_reader.context_wrote_last(slot);
}

bool descriptor_pipes::read_some(std::uint32_t slot, std::size_t number) noexcept {
    const int read_end = m_pipes[slot][number].read_end;
    if (read_end < 0) {
        return false;
    }
    std::atomic<std::uint32_t>& reading = m_group.contexts[slot].reading;
    reading.store(1); // before the pipe is seen empty, for who waits for what it held
    const ssize_t size = read(read_end, m_buffer.data(), m_buffer.size());
    if (size > 0) {
        m_reader.context_wrote(slot, static_cast<int>(number) + 1, {m_buffer.data(), static_cast<std::size_t>(size)});
    }
    reading.store(0);
    return size > 0;
}

void await_descriptors_read_child() noexcept {
    if (s_reading == nullptr) {
        return;
    }
    constexpr std::uint64_t k_patience_ns = 200'000'000;
    constexpr timespec k_nap{0, 20'000};
    const std::uint64_t deadline = monotonic_ns() + k_patience_ns;
    while (!is_empty(s_read_ends[0]) || !is_empty(s_read_ends[1]) || s_reading->load() != 0) {
        if (monotonic_ns() > deadline) {
            return;
        }
        nanosleep(&k_nap, nullptr);
    }
}

} // namespace xpar
