#include "runtime/python/module/machine_facts.hpp"

#include "runtime/base/cgroup.hpp"
#include "runtime/process/child_memory.hpp"
#include "runtime/python/glue/reference.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

namespace xpar {
namespace {

PyObject* number_or_none(std::uint64_t value) {
    if (value == std::numeric_limits<std::uint64_t>::max()) {
        Py_RETURN_NONE;
    }
    return PyLong_FromUnsignedLongLong(value);
}

} // namespace

PyObject* build_to_python(PyObject*, PyObject*) {
    return Py_BuildValue("{s:s,s:s,s:s}", "version", XPAR_VERSION, "python", PY_VERSION, "compiler", __VERSION__);
}

PyObject* cgroup_limits_to_python(PyObject*, PyObject* arguments) {
    const char* membership = nullptr;
    const char* mount = "/sys/fs/cgroup";
    if (PyArg_ParseTuple(arguments, "|zs", &membership, &mount) == 0) {
        return nullptr;
    }
    const cgroup_limits limits = membership != nullptr ? read_cgroup_limits(membership, mount) : read_cgroup_limits();
    reference processors(std::isinf(limits.processors) ? Py_NewRef(Py_None) : PyFloat_FromDouble(limits.processors));
    reference memory(processors ? number_or_none(limits.memory_bytes) : nullptr);
    reference processes(memory ? number_or_none(limits.processes) : nullptr);
    if (!processes) {
        return nullptr;
    }
    return Py_BuildValue("{s:O,s:O,s:O}", "processors", processors.get(), "memory", memory.get(), "processes",
                         processes.get());
}

PyObject* child_memory_to_python(PyObject*, PyObject*) {
    const child_memory_errors errors = try_child_memory();
    return Py_BuildValue("(ii)", errors.fork_errno, errors.read_errno);
}

} // namespace xpar
