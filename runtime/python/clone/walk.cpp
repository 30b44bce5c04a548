#include "runtime/python/clone/walk.hpp"

#include "runtime/python/clone/key_depth.hpp"
#include "runtime/python/clone/number_run.hpp"
#include "runtime/python/clone/state.hpp"
#include "runtime/python/glue/compat.hpp"

#include <array>
#include <cstring>
#include <utility>

namespace xpar::clone {

walk::outcome walk::run(PyObject* root, record_parts& into) {
    clear();
    p_parts = &into;
    p_body = &into.body;
    m_is_root = true;
    outcome so_far = emit(root);
    m_is_root = false;
    while (so_far == outcome::done && !m_frames.empty()) {
        if (PyObject* const child = next_child(m_frames.back()); child != nullptr) {
            so_far = !is_key(m_frames.back()) || may_be_hashed(child) ? emit(child) : outcome::failed;
        } else {
            if (m_frames.back().memo != k_not_remembered) {
                m_closed[m_frames.back().memo] = 1;
            }
            m_frames.pop_back();
        }
    }
    into.memo_count = m_memo.size();
    into.first_buffer = static_cast<std::uint32_t>(into.payloads.size());
    return so_far;
}

void walk::clear() noexcept {
    m_memo.clear();
    m_leaf_of.clear();
    recycle(m_closed);
    recycle(m_frames);
    p_parts = nullptr;
    p_body = nullptr;
}

PyObject* walk::next_child(frame& of) noexcept {
    switch (of.kind) {
    case tag::list:
        return of.at < PyList_GET_SIZE(of.container) ? PyList_GET_ITEM(of.container, of.at++) : nullptr;
    case tag::tuple:
        return of.at < PyTuple_GET_SIZE(of.container) ? PyTuple_GET_ITEM(of.container, of.at++) : nullptr;
    case tag::dict: {
        if (of.pending != nullptr) {
            return std::exchange(of.pending, nullptr);
        }
        PyObject* key = nullptr;
        return PyDict_Next(of.container, &of.at, &key, &of.pending) != 0 ? key : nullptr;
    }
    default: { // sets: an iterator would be an object the collector knows
        PyObject* item = nullptr;
        return next_of_set(of.container, of.at, item) ? item : nullptr;
    }
    }
}

// Ordered by how often data has them.
walk::outcome walk::emit(PyObject* object) {
    const PyTypeObject* const type = Py_TYPE(object);
    if (type == &PyUnicode_Type) {
        return emit_str(object);
    }
    if (type == &PyLong_Type) {
        emit_int(object);
    } else if (type == &PyFloat_Type) {
        put_with(tag::float64, PyFloat_AS_DOUBLE(object));
    } else if (type == &PyDict_Type) {
        return open(object, tag::dict, PyDict_Size(object));
    } else if (type == &PyList_Type) {
        return open(object, tag::list, PyList_GET_SIZE(object));
    } else if (type == &PyTuple_Type) {
        return open(object, tag::tuple, PyTuple_GET_SIZE(object));
    } else if (object == Py_None) {
        put(tag::none);
    } else if (type == &PyBool_Type) {
        put(object == Py_True ? tag::true_ : tag::false_);
    } else if (type == &PyBytes_Type) {
        return emit_binary(object, tag::bytes, tag::payload_bytes, PyBytes_AS_STRING(object), PyBytes_GET_SIZE(object));
    } else if (type == &PySet_Type) {
        return open(object, tag::set, PySet_GET_SIZE(object));
    } else if (type == &PyFrozenSet_Type) {
        return open(object, tag::frozenset, PySet_GET_SIZE(object));
    } else if (type == &PyByteArray_Type) {
        return emit_binary(object, tag::bytearray, tag::payload_bytearray, PyByteArray_AS_STRING(object),
                           PyByteArray_GET_SIZE(object));
    } else if (type == &PyComplex_Type) {
        const Py_complex value = PyComplex_AsCComplex(object);
        put_with(tag::complex, std::array{value.real, value.imag});
    } else {
        return emit_other(object);
    }
    return outcome::done;
}

walk::outcome walk::open(PyObject* container, tag kind, Py_ssize_t count) {
    std::uint32_t memo = k_not_remembered;
    // The root is remembered whatever its count: its caller may hold no reference of its own.
    const bool is_empty_constant = count == 0 && (kind == tag::tuple || kind == tag::frozenset);
    if ((Py_REFCNT(container) > 1 || m_is_root) && !is_empty_constant && emit_same(container, memo)) {
        return (kind == tag::tuple || kind == tag::frozenset) && m_closed[memo] == 0 ? outcome::tuple_cycle
                                                                                     : outcome::done;
    }
    const bool is_run = count >= k_shortest_run && emit_run(container, kind, count);
    if (!is_run) {
        put(kind);
        p_body->append_varint(static_cast<std::uint64_t>(count));
    }
    if (count != 0 && !is_run) {
        m_frames.push_back({container, nullptr, 0, memo, kind});
    } else if (memo != k_not_remembered) {
        m_closed[memo] = 1;
    }
    return outcome::done;
}

bool walk::emit_run(PyObject* container, tag kind, Py_ssize_t count) {
    if (kind == tag::list) {
        return write_number_run(tag::list_of_numbers, reinterpret_cast<PyListObject*>(container)->ob_item, count,
                                *p_body);
    }
    return kind == tag::tuple && write_number_run(tag::tuple_of_numbers,
                                                  reinterpret_cast<PyTupleObject*>(container)->ob_item, count, *p_body);
}

bool walk::emit_same(PyObject* object, std::uint32_t& memo) {
    const std::uint32_t known = m_memo.find_or_insert(object, m_memo.size());
    if (known != pointer_map::k_absent) {
        memo = known;
        put(tag::same);
        p_body->append_varint(known);
        return true;
    }
    memo = m_memo.size() - 1;
    m_closed.push_back(0);
    put(tag::remember);
    return false;
}

void walk::emit_int(PyObject* object) {
    int overflow = 0;
    const long long value = int_value(object, overflow);
    if (overflow == 0) {
        if (value >= 0 && value < static_cast<long long>(k_short_limit)) {
            p_body->append_byte(static_cast<std::uint8_t>(k_small_int + value));
        } else if (value == static_cast<std::int8_t>(value)) {
            put_with(tag::int8, static_cast<std::int8_t>(value));
        } else if (value == static_cast<std::int16_t>(value)) {
            put_with(tag::int16, static_cast<std::int16_t>(value));
        } else if (value == static_cast<std::int32_t>(value)) {
            put_with(tag::int32, static_cast<std::int32_t>(value));
        } else {
            put_with(tag::int64, static_cast<std::int64_t>(value));
        }
        return;
    }
    const std::size_t size = bytes_of_long(object);
    put(tag::int_big);
    p_body->append_varint(size);
    write_long(object, reinterpret_cast<unsigned char*>(p_body->room(size)), size);
    p_body->added(size);
}

walk::outcome walk::emit_str(PyObject* object) {
    if (PyUnicode_READY(object) != 0) {
        return outcome::failed;
    }
    const auto length = static_cast<std::size_t>(PyUnicode_GET_LENGTH(object));
    const auto width = static_cast<std::size_t>(PyUnicode_KIND(object));
    // Strings of one character are shared by the interpreter anyway.
    std::uint32_t memo = k_not_remembered;
    if (length > 1 && Py_REFCNT(object) > 1 && emit_same(object, memo)) {
        return outcome::done;
    }
    const void* const characters = PyUnicode_DATA(object);
    byte_sink& body = *p_body;
    if (width == 1 && length < k_short_limit) {
        std::byte* const at = body.room(1 + k_short_limit);
        *at = static_cast<std::byte>(k_short_str + length);
        std::memcpy(at + 1, characters, length);
        body.added(1 + length);
    } else if (length * width >= k_payload_threshold) {
        const std::uint32_t index = p_parts->add_held_payload(object, characters, length * width);
        put(tag::payload_str);
        p_body->append_byte(static_cast<std::uint8_t>(width));
        p_body->append_varint(index);
    } else {
        put(width == 1 ? tag::str1 : width == 2 ? tag::str2 : tag::str4);
        p_body->append_varint(length);
        const std::size_t padding = round_up(body.size(), width) - body.size();
        body.append("\0\0\0", padding);
        body.append(characters, length * width);
    }
    return outcome::done;
}

walk::outcome walk::emit_binary(PyObject* object, tag kind, tag payload_kind, const char* data, Py_ssize_t size) {
    const auto count = static_cast<std::size_t>(size);
    const bool is_mutable = kind == tag::bytearray;
    std::uint32_t memo = k_not_remembered;
    if ((count > 1 || is_mutable) && (Py_REFCNT(object) > 1 || m_is_root) && emit_same(object, memo)) {
        return outcome::done;
    }
    if (count < k_payload_threshold) {
        put(kind);
        p_body->append_varint(count);
        p_body->append(data, count);
        return outcome::done;
    }
    if (!is_mutable) {
        (void)p_parts->add_held_payload(object, data, count);
    } else if (!p_parts->add_exported_payload(object)) {
        return outcome::failed;
    }
    put(payload_kind);
    p_body->append_varint(p_parts->payloads.size() - 1);
    return outcome::done;
}

walk::outcome walk::emit_other(PyObject* object) {
    const reference_hooks& hooks = state::get().hooks;
    if (hooks.type != nullptr && PyObject_TypeCheck(object, hooks.type)) {
        std::uint32_t memo = k_not_remembered;
        if (Py_REFCNT(object) > 1 && emit_same(object, memo)) {
            return outcome::done;
        }
        std::uint32_t id = 0;
        if (!id_of_reference(object, id)) {
            return outcome::failed;
        }
        p_parts->hold(object);
        p_parts->references.push_back(id);
        put_with(tag::xlist, std::array{id, hooks.generation_of(id)});
        return outcome::done;
    }
    std::uint32_t index = static_cast<std::uint32_t>(p_parts->leaves.size());
    const std::uint32_t known = m_leaf_of.find_or_insert(object, index);
    if (known == pointer_map::k_absent) {
        p_parts->add_leaf(object);
    } else {
        index = known;
    }
    put(tag::leaf);
    p_body->append_varint(index);
    return outcome::done;
}

template <class Value>
void walk::put_with(tag what, Value value) {
    std::byte* const at = p_body->room(1 + sizeof value);
    *at = static_cast<std::byte>(what);
    std::memcpy(at + 1, &value, sizeof value);
    p_body->added(1 + sizeof value);
}

} // namespace xpar::clone
