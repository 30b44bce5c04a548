// Releases the GIL for the time of a scope, around system calls that wait.
#pragma once

#include <Python.h>

namespace xpar {

class gil_release {
public:
    gil_release() noexcept : m_state(PyEval_SaveThread()) {}
    // Not noexcept: when the interpreter is going away, it ends daemon threads here by unwinding their stack.
    ~gil_release() noexcept(false) { PyEval_RestoreThread(m_state); }
    gil_release(const gil_release&) = delete;
    gil_release& operator=(const gil_release&) = delete;

private:
    PyThreadState* m_state;
};

} // namespace xpar
