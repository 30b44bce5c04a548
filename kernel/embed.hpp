// Starts CPython inside the kernel as if /usr/bin/python3, or the python of the virtual environment, had been started.
// Not for the shell that runs the cells (interpreter.hpp).
#pragma once

#include <string>

namespace xpar {

// What Jupyter's Python programs expect of their environment (colours, no pagers, plots in the notebook); before
// Python.
void prepare_environment();

class embedded_python {
public:
    // Main thread; leaves with the GIL held. Throws std::runtime_error when Python or the kernel's packages are not
    // there.
    embedded_python(int argument_count, char** arguments);
    ~embedded_python() = default; // see finalise()
    embedded_python(const embedded_python&) = delete;
    embedded_python& operator=(const embedded_python&) = delete;

    // Main thread. Runs atexit functions and closes files. Objects of C++ that hold Python objects must not be used,
    // nor destroyed, afterwards: the process is to end with _exit.
    static void finalise();
};

} // namespace xpar
