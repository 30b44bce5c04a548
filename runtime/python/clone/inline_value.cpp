// Values that fit a list slot: no record, no memory of the list's heap.
//   bit 0: 1   bits 1-3: kind   bits 4-63: content
#include "runtime/python/clone/clone.hpp"

#include "runtime/python/clone/number_run.hpp"
#include "runtime/python/glue/compat.hpp"

#include <bit>
#include <cstring>

namespace xpar::clone {
namespace {

// The kinds 6 and 7 stay unused: the slots ~0 and ~0 - 2, which mean something else to a list, would have them.
enum class kind : std::uint64_t { constant, integer, real, text, binary };

enum : std::uint64_t { k_none, k_false, k_true };

constexpr int k_content_shift = 4;
constexpr std::int64_t k_int_limit = std::int64_t{1} << 59; // -limit <= value < limit fits 60 bits
constexpr std::size_t k_max_characters = 7;                 // bits 4-7: how many, bits 8-63: the characters

static_assert(std::endian::native ==
              std::endian::little); // slot_of() and decode_inline() want the first character lowest

constexpr std::uint64_t slot_of(kind of, std::uint64_t content) noexcept {
    return content << k_content_shift | static_cast<std::uint64_t>(of) << 1 | 1;
}

std::uint64_t slot_of(kind of, const void* characters, std::size_t count) noexcept {
    std::uint64_t packed = 0;
    if (count != 0) {
        std::memcpy(&packed, characters, count);
    }
    return slot_of(of, packed << 4 | count);
}

} // namespace

bool try_encode_inline(PyObject* object, std::uint64_t& slot) noexcept {
    if (object == Py_None) {
        slot = slot_of(kind::constant, k_none);
    } else if (object == Py_False) {
        slot = slot_of(kind::constant, k_false);
    } else if (object == Py_True) {
        slot = slot_of(kind::constant, k_true);
    } else if (PyLong_CheckExact(object)) {
        int overflow = 0;
        const long long value = int_value(object, overflow);
        if (overflow != 0 || value < -k_int_limit || value >= k_int_limit) {
            return false;
        }
        slot = slot_of(kind::integer, static_cast<std::uint64_t>(value));
    } else if (PyFloat_CheckExact(object)) {
        const double value = PyFloat_AS_DOUBLE(object);
        std::uint64_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        if ((bits & 15) != 0) {
            return false;
        }
        slot = slot_of(kind::real, bits >> k_content_shift);
    } else if (PyUnicode_CheckExact(object)) {
        // A string of the deprecated kind that has no characters yet goes the long way.
        if (!PyUnicode_IS_READY(object) || !PyUnicode_IS_ASCII(object) ||
            static_cast<std::size_t>(PyUnicode_GET_LENGTH(object)) > k_max_characters) {
            return false;
        }
        slot = slot_of(kind::text, PyUnicode_DATA(object), static_cast<std::size_t>(PyUnicode_GET_LENGTH(object)));
    } else if (PyBytes_CheckExact(object)) {
        if (static_cast<std::size_t>(PyBytes_GET_SIZE(object)) > k_max_characters) {
            return false;
        }
        slot = slot_of(kind::binary, PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object)));
    } else {
        return false;
    }
    return true;
}

PyObject* decode_inline(std::uint64_t slot) noexcept {
    const std::uint64_t content = slot >> k_content_shift;
    const std::size_t count = content & 15;
    const std::uint64_t packed = content >> 4;
    char characters[sizeof packed];
    std::memcpy(characters, &packed, sizeof packed);
    if ((slot & 1) != 0) {
        switch (static_cast<kind>(slot >> 1 & 7)) {
        case kind::constant:
            if (content <= k_true) {
                return Py_NewRef(content == k_none ? Py_None : content == k_true ? Py_True : Py_False);
            }
            break;
        case kind::integer:
            return PyLong_FromLongLong(static_cast<std::int64_t>(slot) >>
                                       k_content_shift); // arithmetic: keeps the sign
        case kind::real: {
            const std::uint64_t bits = content << k_content_shift;
            double value;
            std::memcpy(&value, &bits, sizeof value);
            return PyFloat_FromDouble(value);
        }
        case kind::text:
            if (count <= k_max_characters) {
                return PyUnicode_FromKindAndData(PyUnicode_1BYTE_KIND, characters, static_cast<Py_ssize_t>(count));
            }
            break;
        case kind::binary:
            if (count <= k_max_characters) {
                return PyBytes_FromStringAndSize(characters, static_cast<Py_ssize_t>(count));
            }
            break;
        }
    }
    PyErr_SetString(PyExc_ValueError, "damaged record");
    return nullptr;
}

} // namespace xpar::clone
