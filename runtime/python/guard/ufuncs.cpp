#include "runtime/python/guard/ufuncs.hpp"

#include "runtime/python/glue/loaded_type.hpp"
#include "runtime/python/guard/gate.hpp"

#include <utility>

namespace xpar::guard {
namespace {

// The beginning of numpy's public PyUFuncObject, the same since numpy 1.0; declared here, so that numpy is not needed
// to build.
struct ufunc_fields {
    PyObject_HEAD int inputs;
};

PyTypeObject* s_ufunc = nullptr;
PyObject* s_out = nullptr; // the keyword
ternaryfunc s_call = nullptr;

bool refuses_output(PyObject* output) noexcept {
    static constexpr guarded k_out = {
        .operation = "out=", .kind = change::contents, .changes = subject::output, .arguments = calling::tuple};
    return output != nullptr && refuses_arguments(k_out, {&output, 1, nullptr});
}

PyObject* call_ufunc(PyObject* self, PyObject* arguments, PyObject* keywords) {
    const Py_ssize_t count = PyTuple_GET_SIZE(arguments);
    for (Py_ssize_t i = reinterpret_cast<ufunc_fields*>(self)->inputs; i < count; ++i) {
        if (refuses_output(PyTuple_GET_ITEM(arguments, i))) {
            return nullptr;
        }
    }
    if (keywords != nullptr && refuses_output(PyDict_GetItemWithError(keywords, s_out))) {
        return nullptr;
    }
    return s_call(self, arguments, keywords);
}

} // namespace

void find_ufuncs() noexcept {
    if (s_ufunc == nullptr) {
        s_ufunc = loaded_type("numpy", "ufunc");
        s_out = PyUnicode_InternFromString("out");
    }
}

void guard_ufuncs() noexcept {
    if (s_ufunc == nullptr || s_out == nullptr || s_ufunc->tp_call == nullptr || s_call != nullptr) {
        return;
    }
    // Every ufunc has a pointer of its own to what the interpreter calls in place of tp_call; without the flag it asks
    // tp_call.
    s_ufunc->tp_flags &= ~static_cast<unsigned long>(Py_TPFLAGS_HAVE_VECTORCALL);
    s_call = std::exchange(s_ufunc->tp_call, call_ufunc);
}

} // namespace xpar::guard
