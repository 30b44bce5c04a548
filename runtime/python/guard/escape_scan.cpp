#include "runtime/python/guard/escape_scan.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/judge.hpp"

#include <algorithm>

namespace xpar::guard {
namespace {

constexpr std::uint64_t k_least_ns = 5'000'000;
constexpr std::uint64_t k_most_ns = 200'000'000;
constexpr std::uint64_t k_share = 50; // of the time since the last search, one part is for the next

PyObject* s_scan = nullptr;
std::uint64_t s_not_before_ns = 0;

int is_own(PyObject* object, void*) { return is_context_object(object) ? 1 : 0; }

} // namespace

void know_scan(PyObject* scan) noexcept { Py_XSETREF(s_scan, Py_NewRef(scan)); }

void look_for_escapes(std::uint64_t began_ns) noexcept {
    const std::uint64_t now = monotonic_ns();
    if (s_scan == nullptr || now < s_not_before_ns) {
        return;
    }
    const unguarded looking;
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback); // of the work, which may have failed
    const std::uint64_t allowed = std::clamp((now - began_ns) / k_share, k_least_ns, k_most_ns);
    const reference warning(PyObject_CallFunction(s_scan, "d", static_cast<double>(allowed) / 1e9));
    if (warning && warning.get() != Py_None) {
        PySys_FormatStderr("%S\n", warning.get());
    }
    if (!warning && PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0) {
        PyErr_Clear(); // the work was to be stopped, and is over
    } else if (!warning) {
        PyErr_WriteUnraisable(s_scan);
    }
    PyErr_Restore(type, value, traceback);
    const std::uint64_t ended = monotonic_ns();
    s_not_before_ns = ended + k_share * (ended - now);
}

PyObject* holds_own(PyObject*, PyObject* container) noexcept {
    const traverseproc traverse = Py_TYPE(container)->tp_traverse;
    return PyBool_FromLong(traverse != nullptr && PyObject_IS_GC(container) != 0 && traverse(container, is_own, nullptr) != 0);
}

} // namespace xpar::guard
