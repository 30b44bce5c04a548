// Files that the main process has open for reading. A fork shares the position in an open file: what a context read
// would be missing in the main process, and two contexts would take each other's lines. So each context opens them
// anew, at the place they were at when its snapshot was taken. Not for what is open for writing, too: appended lines of
// several processes go one after the other only at a shared position.
#pragma once

#include <sys/types.h>

#include <vector>

namespace xpar {

class open_files {
public:
    // Main process, before the fork. Without /proc, or where there is no memory, nothing is noted.
    void note() noexcept;

    // In a context. A file that cannot be opened again (no descriptor left, no permission any more) stays shared.
    void reopen_child() const noexcept;

private:
    struct open_file {
        int descriptor;
        int flags;
        off_t position;
    };
    std::vector<open_file> m_files;
};

} // namespace xpar
