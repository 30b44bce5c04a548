#include "runtime/python/guard/shared_memory.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

namespace xpar::guard {
namespace {

struct mapping {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
};

// The ones found last: looking takes 10 to 300 us, and whoever writes to one writes to it again. Only what was mapped
// when the snapshot was taken is asked about, so none becomes another.
std::array<mapping, 8> s_known;
std::size_t s_next = 0;

bool is_known(std::uintptr_t place) noexcept {
    for (const mapping& one : s_known) {
        if (place >= one.begin && place < one.end) {
            return true;
        }
    }
    return false;
}

bool lies_in_shared_mapping(std::uintptr_t place) noexcept {
    std::FILE* const maps = std::fopen("/proc/self/maps", "re");
    if (maps == nullptr) {
        return false;
    }
    char line[512];
    char access[5] = {};
    mapping one;
    while (std::fgets(line, sizeof line, maps) != nullptr) {
        if (std::sscanf(line, "%lx-%lx %4s", &one.begin, &one.end, access) == 3 && place >= one.begin &&
            place < one.end) {
            break;
        }
        access[3] = 0;
    }
    std::fclose(maps);
    if (access[3] != 's') {
        return false;
    }
    s_known[s_next++ % s_known.size()] = one;
    return true;
}

} // namespace

bool shows_shared_memory(PyObject* object) noexcept {
    Py_buffer view;
    if (PyObject_CheckBuffer(object) == 0 || PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) != 0) {
        PyErr_Clear();
        return false;
    }
    const auto place = reinterpret_cast<std::uintptr_t>(view.buf);
    PyBuffer_Release(&view);
    return is_known(place) || lies_in_shared_mapping(place);
}

} // namespace xpar::guard
