#include "runtime/python/guard/escape_scan.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/escape_walk.hpp"
#include "runtime/python/guard/judge.hpp"

#include <algorithm>

namespace xpar::guard {
namespace {

constexpr std::uint64_t k_least_ns = 2'000'000;
constexpr std::uint64_t k_most_ns = 200'000'000;
constexpr std::uint64_t k_share = 50; // of the time since the last search, one part is for the next

PyObject* s_warning = nullptr;
std::uint64_t s_last_ns = 0;  // when the last search ended; 0: none in this context
std::uint64_t s_first_ns = 0; // when the first work that has not been looked after ended

void look(std::uint64_t allowed_ns) noexcept {
    const unguarded looking;
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback); // of the work, which may have failed
    const reference found(find_escapes(thread_processor_ns() + allowed_ns));
    if (found && PyList_GET_SIZE(found.get()) != 0) {
        const reference warning(PyObject_CallOneArg(s_warning, found.get()));
        if (warning) {
            PySys_FormatStderr("%S\n", warning.get());
        }
    }
    if (PyErr_Occurred() != nullptr) {
        if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0) {
            PyErr_Clear(); // the work was to be stopped, and is over
        } else {
            PyErr_WriteUnraisable(s_warning);
        }
    }
    PyErr_Restore(type, value, traceback);
    s_last_ns = monotonic_ns();
    s_first_ns = 0;
}

} // namespace

void know_escape_warning(PyObject* warning) noexcept {
    Py_XSETREF(s_warning, Py_NewRef(warning));
}

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

} // namespace xpar::guard
