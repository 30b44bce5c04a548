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

// The ones found last. Looking takes 100 us; whoever writes to one writes to it again.
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
    bool found = false;
    while (!found && std::fgets(line, sizeof line, maps) != nullptr) {
        mapping one;
        char access[5] = {};
        found = std::sscanf(line, "%lx-%lx %4s", &one.begin, &one.end, access) == 3 && place >= one.begin && place < one.end;
        if (found && access[3] != 's') {
            break;
        }
        if (found) {
            s_known[s_next++ % s_known.size()] = one;
            std::fclose(maps);
            return true;
        }
    }
    std::fclose(maps);
    return false;
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
