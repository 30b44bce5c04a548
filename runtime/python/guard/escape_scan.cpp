#include "runtime/python/guard/escape_scan.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/frames.hpp"
#include "runtime/python/guard/judge.hpp"

#include <algorithm>

namespace xpar::guard {
namespace {

constexpr std::uint64_t k_least_ns = 5'000'000;
constexpr std::uint64_t k_most_ns = 200'000'000;
constexpr std::uint64_t k_share = 50; // of the time since the last search, one part is for the next

PyObject* s_scan = nullptr;
std::uint64_t s_last_ns = 0; // when the last search ended; 0: none in this context
std::uint64_t s_first_ns = 0; // when the first work that has not been looked after ended

int is_own(PyObject* object, void*) { return is_context_object(object) ? 1 : 0; }

void look(std::uint64_t allowed_ns) noexcept {
    const unguarded looking;
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback); // of the work, which may have failed
    const reference warning(PyObject_CallFunction(s_scan, "d", static_cast<double>(allowed_ns) / 1e9));
    if (warning && warning.get() != Py_None) {
        PySys_FormatStderr("%S\n", warning.get());
    }
    if (!warning && PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0) {
        PyErr_Clear(); // the work was to be stopped, and is over
    } else if (!warning) {
        PyErr_WriteUnraisable(s_scan);
    }
    PyErr_Restore(type, value, traceback);
    s_last_ns = monotonic_ns();
    s_first_ns = 0;
}

} // namespace

void know_scan(PyObject* scan) noexcept { Py_XSETREF(s_scan, Py_NewRef(scan)); }

void look_for_escapes_after_work(std::uint64_t began_ns) noexcept {
    const std::uint64_t now = coarse_monotonic_ns();
    const std::uint64_t from = std::max(began_ns, s_last_ns);
    const std::uint64_t since = now > from ? now - from : 0; // the clock may be behind by a tick
    if (since >= k_share * k_least_ns) {
        look(std::min(since / k_share, k_most_ns));
    } else if (s_first_ns == 0) {
        s_first_ns = now;
    }
}

void look_for_escapes_at_end() noexcept {
    if (s_first_ns != 0) {
        look(k_least_ns);
    }
}

PyObject* user_namespaces(PyObject*, PyObject*) noexcept {
    const std::vector<PyObject*>& found = find_user_modules();
    PyObject* const list = PyList_New(static_cast<Py_ssize_t>(found.size()));
    for (std::size_t i = 0; list != nullptr && i < found.size(); ++i) {
        PyList_SET_ITEM(list, static_cast<Py_ssize_t>(i), Py_NewRef(found[i]));
    }
    return list;
}

PyObject* holds_own(PyObject*, PyObject* container) noexcept {
    const traverseproc traverse = Py_TYPE(container)->tp_traverse;
    return PyBool_FromLong(traverse != nullptr && PyObject_IS_GC(container) != 0 && traverse(container, is_own, nullptr) != 0);
}

} // namespace xpar::guard
