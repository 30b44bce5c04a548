#include "runtime/process/open_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <new>

namespace xpar {
namespace {

// Sockets, pipes' other ends and what epoll and eventfd give are open for writing, too: they cost one system call.
bool is_read_only(int descriptor, int& flags) noexcept {
    flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY && (flags & O_PATH) == 0;
}

bool is_regular(int descriptor) noexcept {
    struct stat facts{};
    return fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
}

} // namespace

void open_files::note() noexcept {
    m_files.clear();
    DIR* const listing = opendir("/proc/self/fd");
    if (listing == nullptr) {
        return;
    }
    while (const dirent* const entry = readdir(listing)) {
        char* end = nullptr;
        const long number = std::strtol(entry->d_name, &end, 10);
        const int descriptor = static_cast<int>(number);
        int flags = 0;
        if (end == entry->d_name || *end != '\0' || descriptor == dirfd(listing) || !is_read_only(descriptor, flags) ||
            !is_regular(descriptor)) {
            continue;
        }
        if (const off_t position = lseek(descriptor, 0, SEEK_CUR); position >= 0) {
            try {
                m_files.push_back({descriptor, flags, position});
            } catch (const std::bad_alloc&) {
                break;
            }
        }
    }
    closedir(listing);
}

void open_files::reopen_child() const noexcept {
    for (const open_file& file : m_files) {
        char path[32];
        (void)std::snprintf(path, sizeof path, "/proc/self/fd/%d", file.descriptor);
        const int on_exec = fcntl(file.descriptor, F_GETFD);
        const int kept_flags = file.flags & (O_NONBLOCK | O_DIRECT | O_NOATIME);
        const int own = on_exec >= 0 ? open(path, O_RDONLY | O_CLOEXEC | kept_flags) : -1; // finds deleted files, too
        if (own < 0) {
            continue;
        }
        if (lseek(own, file.position, SEEK_SET) == file.position) {
            (void)dup3(own, file.descriptor, (on_exec & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0);
        }
        close(own);
    }
}

} // namespace xpar
