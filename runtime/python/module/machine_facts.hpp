// Facts about the machine and the build, for `parallel._doctor`. Under the GIL; the functions are methods of `_core`.
#pragma once

#include <Python.h>

namespace xpar {

// A dict: version, python, compiler.
PyObject* build_to_python(PyObject* module, PyObject* unused);

// (membership=None, mount="/sys/fs/cgroup"): a dict of processors, memory, processes; None where there is no limit.
PyObject* cgroup_limits_to_python(PyObject* module, PyObject* arguments);

// (errno of the fork, errno of the reading), 0 for what worked.
PyObject* child_memory_to_python(PyObject* module, PyObject* unused);

} // namespace xpar
