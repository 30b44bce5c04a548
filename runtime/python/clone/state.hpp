// What cloning looks up once per process: pickle's functions, the codec's own types, and the hooks for xlists.
// Private to this folder. Filled by initialize(), never freed: records are decoded until the interpreter's last moment.
// Needs the GIL; forked contexts inherit it.
#pragma once

#include "runtime/python/clone/clone.hpp"

namespace xpar::clone {

struct state {
    reference_hooks hooks{};
    PyTypeObject* buffer_view_type = nullptr;
    PyTypeObject* sink_type = nullptr;
    PyTypeObject* pickler_type = nullptr;
    PyTypeObject* unpickler_type = nullptr;
    PyObject* persistent_load = nullptr; // finds xlists
    PyObject* pickle_loads = nullptr;
    PyObject* buffers_keyword = nullptr; // the tuple ("buffers",)
    PyObject* bytes_io = nullptr;

    static state& get() noexcept;
};

// hooks.id_of, which need not have set an error: false always with one set.
bool id_of_reference(PyObject* object, std::uint32_t& id) noexcept;

// Sets ValueError("damaged record"). Returns nullptr, for the caller to return.
PyObject* damaged_record() noexcept;

} // namespace xpar::clone
