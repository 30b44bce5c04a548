// A frame of Python code that runs, as the object that Python makes of it when asked: for slow paths.
#pragma once

#include "runtime/python/glue/compat.hpp"
#include "runtime/python/glue/reference.hpp"

namespace xpar {

class frame {
public:
    frame() noexcept = default;

    // The innermost of this thread; none when C code was called by C code.
    static frame current() noexcept {
        PyThreadState* const thread = current_thread();
        return frame(thread != nullptr ? PyThreadState_GetFrame(thread) : nullptr);
    }

    explicit operator bool() const noexcept { return static_cast<bool>(m_object); }

    frame caller() const noexcept { return frame(PyFrame_GetBack(get())); }

    // Borrowed, for as long as this is there.
    PyCodeObject* code() const noexcept {
        PyCodeObject* const held = PyFrame_GetCode(get());
        Py_DECREF(held);
        return held;
    }
    PyObject* globals() const noexcept {
        PyObject* const held = PyFrame_GetGlobals(get());
        Py_DECREF(held);
        return held;
    }
    bool is_same_as(const frame& other) const noexcept { return m_object.get() == other.m_object.get(); }
    PyObject* variable(int place) const noexcept { return variable_of(get(), place); }

    // The instruction that it is at, in its general form.
    int opcode() const noexcept {
        const reference instructions(PyCode_GetCode(code()));
        const int at = PyFrame_GetLasti(get());
        if (!instructions) {
            PyErr_Clear();
            return -1;
        }
        return at >= 0 && at < PyBytes_GET_SIZE(instructions.get())
                   ? static_cast<unsigned char>(PyBytes_AS_STRING(instructions.get())[at])
                   : -1;
    }

private:
    explicit frame(PyFrameObject* owned) noexcept : m_object(reinterpret_cast<PyObject*>(owned)) {}
    PyFrameObject* get() const noexcept { return reinterpret_cast<PyFrameObject*>(m_object.get()); }

    reference m_object;
};

} // namespace xpar
