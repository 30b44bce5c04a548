#include "runtime/python/clone/number_run.hpp"

#include "runtime/python/glue/compat.hpp"

#include <algorithm>
#include <cstring>

namespace xpar::clone {
namespace {

// How the items are stored; part of the wire format.
enum class form : std::uint8_t { none, int8, int16, int32, int64, float64 };

form form_of_ints(PyObject* const* items, Py_ssize_t count) noexcept {
    std::uint64_t bits = 0; // those that differ from the sign in any of the numbers
    for (Py_ssize_t i = 0; i < count; ++i) {
        if (!PyLong_CheckExact(items[i])) {
            return form::none;
        }
        int overflow = 0;
        const long long value = int_value(items[i], overflow);
        if (overflow != 0) {
            return form::none;
        }
        bits |= static_cast<std::uint64_t>(value < 0 ? ~value : value);
    }
    return bits <= INT8_MAX    ? form::int8
           : bits <= INT16_MAX ? form::int16
           : bits <= INT32_MAX ? form::int32
                               : form::int64;
}

form form_of(PyObject* const* items, Py_ssize_t count) noexcept {
    if (PyLong_CheckExact(items[0])) {
        return form_of_ints(items, count);
    }
    const bool all_floats = std::all_of(items, items + count, [](PyObject* item) { return PyFloat_CheckExact(item); });
    return all_floats ? form::float64 : form::none;
}

template <class Value>
void write_ints(PyObject* const* items, Py_ssize_t count, std::byte* to) noexcept {
    for (Py_ssize_t i = 0; i < count; ++i, to += sizeof(Value)) {
        int overflow = 0;
        const auto value = static_cast<Value>(int_value(items[i], overflow));
        std::memcpy(to, &value, sizeof value);
    }
}

void write_floats(PyObject* const* items, Py_ssize_t count, std::byte* to) noexcept {
    for (Py_ssize_t i = 0; i < count; ++i, to += sizeof(double)) {
        const double value = PyFloat_AS_DOUBLE(items[i]);
        std::memcpy(to, &value, sizeof value);
    }
}

constexpr std::size_t size_of(form of) noexcept {
    switch (of) {
    case form::int8:
        return 1;
    case form::int16:
        return 2;
    case form::int32:
        return 4;
    case form::int64:
    case form::float64:
        return 8;
    case form::none:
        break;
    }
    return 0;
}

PyObject* make_number(double value) noexcept {
    return PyFloat_FromDouble(value);
}
PyObject* make_number(long value) noexcept {
    return PyLong_FromLong(value);
}

// `Stored` as it is in the record, `Number` as CPython takes it.
template <class Stored, class Number>
bool fill(PyObject** items, std::size_t count, const std::byte* from) noexcept {
    for (std::size_t i = 0; i < count; ++i, from += sizeof(Stored)) {
        Stored value;
        std::memcpy(&value, from, sizeof value);
        items[i] = make_number(static_cast<Number>(value));
        if (items[i] == nullptr) {
            return false;
        }
    }
    return true;
}

bool fill(form of, PyObject** items, std::size_t count, const std::byte* from) noexcept {
    switch (of) {
    case form::int8:
        return fill<std::int8_t, long>(items, count, from);
    case form::int16:
        return fill<std::int16_t, long>(items, count, from);
    case form::int32:
        return fill<std::int32_t, long>(items, count, from);
    case form::int64:
        return fill<std::int64_t, long>(items, count, from);
    default:
        return fill<double, double>(items, count, from);
    }
}

} // namespace

bool write_number_run(tag what, PyObject* const* items, Py_ssize_t count, byte_sink& to) {
    const form of = form_of(items, count);
    if (of == form::none) {
        return false;
    }
    const std::size_t size = static_cast<std::size_t>(count) * size_of(of);
    to.append_byte(static_cast<std::uint8_t>(what));
    to.append_byte(static_cast<std::uint8_t>(of));
    to.append_varint(static_cast<std::uint64_t>(count));
    std::byte* const at = to.room(size);
    switch (of) {
    case form::int8:
        write_ints<std::int8_t>(items, count, at);
        break;
    case form::int16:
        write_ints<std::int16_t>(items, count, at);
        break;
    case form::int32:
        write_ints<std::int32_t>(items, count, at);
        break;
    case form::int64:
        write_ints<std::int64_t>(items, count, at);
        break;
    default:
        write_floats(items, count, at);
    }
    to.added(size);
    return true;
}

PyObject* read_number_run(record_reader& from, bool as_list) noexcept {
    form of{};
    std::size_t count = 0;
    if (!from.read(of) || size_of(of) == 0 || !from.read_count(count, size_of(of))) {
        return nullptr;
    }
    const std::byte* const numbers = from.take(count * size_of(of));
    const auto size = static_cast<Py_ssize_t>(count);
    PyObject* const made = as_list ? PyList_New(size) : PyTuple_New(size);
    if (made == nullptr || count == 0) {
        return made;
    }
    PyObject** const items =
        as_list ? reinterpret_cast<PyListObject*>(made)->ob_item : reinterpret_cast<PyTupleObject*>(made)->ob_item;
    if (!fill(of, items, count, numbers)) {
        Py_DECREF(made);
        return nullptr;
    }
    return made;
}

} // namespace xpar::clone
