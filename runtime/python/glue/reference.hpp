// An owned reference to a Python object. Needs the GIL wherever it is created, copied or destroyed.
#pragma once

#include <Python.h>

#include <utility>

namespace xpar {

class reference {
public:
    reference() noexcept = default;
    // Takes over a new reference; null (an error is set) stays null.
    explicit reference(PyObject* owned) noexcept : m_owned(owned) {}
    static reference to(PyObject* borrowed) noexcept { return reference(Py_XNewRef(borrowed)); }

    reference(reference&& other) noexcept : m_owned(other.give()) {}
    reference& operator=(reference&& other) noexcept {
        if (this != &other) {
            Py_XSETREF(m_owned, other.give());
        }
        return *this;
    }
    reference(const reference&) = delete;
    reference& operator=(const reference&) = delete;
    ~reference() { Py_XDECREF(m_owned); }

    explicit operator bool() const noexcept { return m_owned != nullptr; }
    PyObject* get() const noexcept { return m_owned; }
    // The caller owns what is returned.
    PyObject* give() noexcept { return std::exchange(m_owned, nullptr); }

private:
    PyObject* m_owned = nullptr;
};

} // namespace xpar
