#include "runtime/python/clone/decode_scalar.hpp"

#include "runtime/python/clone/number_run.hpp"
#include "runtime/python/clone/state.hpp"
#include "runtime/python/glue/compat.hpp"

#include <array>

namespace xpar::clone {
namespace {

template <class Value>
PyObject* decode_int(record_reader& from) noexcept {
    Value value;
    return from.read(value) ? PyLong_FromLong(value) : nullptr;
}

PyObject* decode_big_int(record_reader& from) noexcept {
    std::size_t count = 0;
    if (!from.read_count(count)) {
        return nullptr;
    }
    return read_long(reinterpret_cast<const unsigned char*>(from.take(count)), count);
}

PyObject* decode_float(record_reader& from) noexcept {
    double value;
    return from.read(value) ? PyFloat_FromDouble(value) : nullptr;
}

PyObject* decode_complex(record_reader& from) noexcept {
    std::array<double, 2> value;
    return from.read(value) ? PyComplex_FromDoubles(value[0], value[1]) : nullptr;
}

PyObject* make_binary(bool is_mutable, const std::byte* bytes, std::size_t count) noexcept {
    const auto* const data = reinterpret_cast<const char*>(bytes);
    const auto size = static_cast<Py_ssize_t>(count);
    return is_mutable ? PyByteArray_FromStringAndSize(data, size) : PyBytes_FromStringAndSize(data, size);
}

PyObject* decode_binary(record_reader& from, bool is_mutable) noexcept {
    std::size_t count = 0;
    return from.read_count(count) ? make_binary(is_mutable, from.take(count), count) : nullptr;
}

// CPython finds out the narrowest form by itself: a str in a wider one than it needs would not be equal to its like.
PyObject* make_str(std::size_t width, const std::byte* characters, std::size_t length) noexcept {
    for (std::size_t i = 0; width == 4 && i < length; ++i) {
        std::uint32_t character;
        std::memcpy(&character, characters + 4 * i, sizeof character);
        if (character > 0x10FFFF) {
            return nullptr;
        }
    }
    return PyUnicode_FromKindAndData(static_cast<int>(width), characters, static_cast<Py_ssize_t>(length));
}

PyObject* decode_str(record_reader& from, std::size_t width) noexcept {
    std::size_t length = 0;
    if (!from.read_count(length, width) || !from.skip_to_multiple_of(width)) {
        return nullptr;
    }
    const std::byte* const characters = from.take(length * width);
    return characters == nullptr ? nullptr : make_str(width, characters, length);
}

PyObject* decode_short_str(record_reader& from, std::size_t length) noexcept {
    const std::byte* const characters = from.take(length);
    return characters == nullptr ? nullptr : make_str(1, characters, length);
}

PyObject* decode_payload_str(record_reader& from) noexcept {
    std::uint8_t width = 0;
    std::uint64_t index = 0;
    std::span<const std::byte> bytes;
    if (!from.read(width) || !from.read_varint(index) || !from.payload(index, bytes) ||
        (width != 1 && width != 2 && width != 4) || bytes.size() % width != 0) {
        return nullptr;
    }
    return make_str(width, bytes.data(), bytes.size() / width);
}

PyObject* decode_payload_binary(record_reader& from, bool is_mutable) noexcept {
    std::uint64_t index = 0;
    std::span<const std::byte> bytes;
    return from.read_varint(index) && from.payload(index, bytes) ? make_binary(is_mutable, bytes.data(), bytes.size())
                                                                 : nullptr;
}

PyObject* decode_xlist(record_reader& from) noexcept {
    std::array<std::uint32_t, 2> id_and_generation;
    const reference_hooks& hooks = state::get().hooks;
    if (!from.read(id_and_generation) || hooks.type == nullptr) {
        return nullptr;
    }
    return hooks.from_id(id_and_generation[0], id_and_generation[1]);
}

} // namespace

PyObject* decode_scalar(record_reader& from, tag what) noexcept {
    const auto byte = static_cast<std::uint8_t>(what);
    if (byte >= k_small_int) {
        return PyLong_FromLong(byte - k_small_int);
    }
    if (byte >= k_short_str) {
        return decode_short_str(from, byte - std::size_t{k_short_str});
    }
    switch (what) {
    case tag::none:
        return Py_NewRef(Py_None);
    case tag::false_:
        return Py_NewRef(Py_False);
    case tag::true_:
        return Py_NewRef(Py_True);
    case tag::int8:
        return decode_int<std::int8_t>(from);
    case tag::int16:
        return decode_int<std::int16_t>(from);
    case tag::int32:
        return decode_int<std::int32_t>(from);
    case tag::int64:
        return decode_int<std::int64_t>(from);
    case tag::int_big:
        return decode_big_int(from);
    case tag::float64:
        return decode_float(from);
    case tag::complex:
        return decode_complex(from);
    case tag::str1:
        return decode_str(from, 1);
    case tag::str2:
        return decode_str(from, 2);
    case tag::str4:
        return decode_str(from, 4);
    case tag::bytes:
        return decode_binary(from, false);
    case tag::bytearray:
        return decode_binary(from, true);
    case tag::payload_str:
        return decode_payload_str(from);
    case tag::payload_bytes:
        return decode_payload_binary(from, false);
    case tag::payload_bytearray:
        return decode_payload_binary(from, true);
    case tag::list_of_numbers:
        return read_number_run(from, true);
    case tag::tuple_of_numbers:
        return read_number_run(from, false);
    case tag::xlist:
        return decode_xlist(from);
    default:
        return nullptr;
    }
}

} // namespace xpar::clone
