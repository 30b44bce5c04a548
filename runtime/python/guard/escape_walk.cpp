#include "runtime/python/guard/escape_walk.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/user_walk.hpp"

#include <new>

namespace xpar::guard {
namespace {

constexpr Py_ssize_t k_told_at_once = 5;

class escape_walk final : public user_walk {
public:
    explicit escape_walk(std::uint64_t until_ns) : m_until_ns(until_ns), m_found(PyList_New(0)) {}

    PyObject* found() noexcept { return m_found.give(); }

private:
    bool is_over() noexcept override { return is_full() || thread_processor_ns() >= m_until_ns; }
    bool is_full() const noexcept { return !m_found || PyList_GET_SIZE(m_found.get()) == k_told_at_once; }

    void has_looked_into(PyObject* container, bool holds_own) override {
        static address_set told(64);
        if (!holds_own || is_full() || !told.insert(container)) {
            return;
        }
        const std::vector<PyObject*> leads_there = way();
        const reference tuple(PyTuple_New(static_cast<Py_ssize_t>(leads_there.size())));
        for (std::size_t i = 0; tuple && i < leads_there.size(); ++i) {
            PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), Py_NewRef(leads_there[i]));
        }
        if (!tuple || PyList_Append(m_found.get(), tuple.get()) != 0) {
            m_found = reference();
        }
    }

    const std::uint64_t m_until_ns;
    reference m_found; // null: an error is set
};

} // namespace

PyObject* find_escapes(std::uint64_t until_ns) noexcept {
    try {
        escape_walk walk(until_ns);
        walk.run();
        return walk.found();
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
}

} // namespace xpar::guard
