#include "runtime/python/clone/state.hpp"

#include "runtime/python/clone/buffer_view.hpp"
#include "runtime/python/clone/pickle_leaf.hpp"
#include "runtime/python/glue/reference.hpp"

namespace xpar::clone {

state& state::get() noexcept {
    static state s_state; // plain pointers: nothing is destroyed at exit
    return s_state;
}

bool initialize() {
    state& s = state::get();
    if (s.pickle_loads != nullptr) {
        return true;
    }
    const reference io(PyImport_ImportModule("io"));
    if (!io) {
        return false;
    }
    s.bytes_io = PyObject_GetAttrString(io.get(), "BytesIO");
    s.buffer_view_type = make_buffer_view_type();
    // pickle_loads comes last: it is what says that the rest is there.
    return s.bytes_io != nullptr && s.buffer_view_type != nullptr && make_pickle_types(s);
}

void set_reference_hooks(const reference_hooks& hooks) {
    state::get().hooks = hooks;
}

bool id_of_reference(PyObject* object, std::uint32_t& id) noexcept {
    if (state::get().hooks.id_of(object, id)) {
        return true;
    }
    if (PyErr_Occurred() == nullptr) {
        PyErr_SetString(PyExc_ValueError, "this xlist has not been initialised: its __init__ has not run");
    }
    return false;
}

PyObject* damaged_record() noexcept {
    PyErr_SetString(PyExc_ValueError, "damaged record");
    return nullptr;
}

} // namespace xpar::clone
