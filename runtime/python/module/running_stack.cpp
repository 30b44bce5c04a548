#include "runtime/python/module/running_stack.hpp"

#include "runtime/python/glue/compat.hpp"
#include "runtime/python/glue/reference.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

namespace xpar {
namespace {

constexpr std::size_t k_most_frames = 500;
constexpr int k_tries = 20;
constexpr Py_ssize_t k_longest_text = 1 << 12;
constexpr Py_ssize_t k_longest_table = 1 << 20;

std::uint64_t address_of(const void* place) noexcept {
    return reinterpret_cast<std::uint64_t>(place);
}

struct seen_frame {
    std::uint64_t place;
    std::uint64_t code;
    std::uint64_t instruction;
    bool is_suspendable; // a generator's
    bool operator==(const seen_frame& other) const noexcept { return place == other.place && code == other.code; }
};

class stack_reader {
public:
    stack_reader(memory_reader& reader, const PyThreadState* thread) noexcept
        : m_reader(reader), m_thread(address_of(thread)) {}

    // False when it changes too fast; an error is set when it cannot be read.
    bool read_chain() {
        std::vector<seen_frame> before;
        for (int i = 0; i < k_tries; ++i) {
            if (!read_chain_once()) {
                if (m_cannot_read) {
                    PyErr_SetFromErrno(PyExc_OSError);
                    return false;
                }
                before.clear();
                continue;
            }
            if (i > 0 && m_frames == before) {
                return true;
            }
            before = m_frames;
        }
        return false;
    }

    PyObject* to_python() {
        reference list(PyList_New(0));
        for (const seen_frame& frame : m_frames) {
            const reference facts(list ? read_frame(frame) : nullptr);
            if (!facts || (facts.get() != Py_None && PyList_Append(list.get(), facts.get()) < 0)) {
                return nullptr;
            }
        }
        return list.give();
    }

private:
    template <class Value>
    bool read(std::uint64_t place, Value& into) noexcept {
        return m_reader.read(place, static_cast<void*>(&into), sizeof into);
    }

    bool read_chain_once() {
        m_frames.clear();
        std::uint64_t place = m_thread;
        for (const std::size_t offset : k_way_to_frame) {
            if (!read(place + offset, place)) {
                m_cannot_read = errno == EPERM || errno == ENOSYS; // else it is gone
                return false;
            }
        }
        while (place != 0 && m_frames.size() < k_most_frames) {
            _PyInterpreterFrame frame{};
            if (!m_reader.read(place, static_cast<void*>(&frame), offsetof(_PyInterpreterFrame, localsplus))) {
                return false;
            }
            m_frames.push_back({place, address_of(code_of(frame)), address_of(instruction_of(frame)),
                                frame.owner == FRAME_OWNED_BY_GENERATOR});
            place = address_of(frame.previous);
        }
        return true;
    }

    // None for what is no frame of Python code that runs, or has ceased to be.
    PyObject* read_frame(const seen_frame& frame) {
        PyCodeObject code{};
        const std::size_t header = offsetof(PyCodeObject, co_code_adaptive);
        if (!m_reader.read(frame.code, static_cast<void*>(&code), header) || Py_TYPE(&code) != &PyCode_Type) {
            Py_RETURN_NONE;
        }
        const auto at = static_cast<std::int64_t>(frame.instruction - (frame.code + header)) / 2;
        const Py_ssize_t count = Py_SIZE(&code);
        const bool is_incomplete = !frame.is_suspendable && at < code._co_firsttraceable;
        if (count <= 0 || count > k_longest_table || at >= count || is_incomplete) {
            Py_RETURN_NONE;
        }
        const reference file(read_text(address_of(code.co_filename)));
        const reference function(file ? read_text(address_of(code.co_name)) : nullptr);
        const reference table(function ? read_bytes(address_of(code.co_linetable)) : nullptr);
        if (!table) {
            if (PyErr_Occurred() != nullptr) {
                return nullptr;
            }
            Py_RETURN_NONE;
        }
        return Py_BuildValue("(OOiOLn)", file.get(), function.get(), code.co_firstlineno, table.get(),
                             static_cast<long long>(at), count);
    }

    // Null without an error for what is no string.
    PyObject* read_text(std::uint64_t place) {
        PyCompactUnicodeObject text{};
        const auto* const object = reinterpret_cast<PyObject*>(&text);
        PyASCIIObject& base = text._base;
        if (!m_reader.read(place, static_cast<void*>(&base), sizeof base) || Py_TYPE(object) != &PyUnicode_Type ||
            base.state.compact == 0 || base.length < 0 || base.length > k_longest_text) {
            return nullptr;
        }
        const int kind = base.state.kind;
        if (kind != PyUnicode_1BYTE_KIND && kind != PyUnicode_2BYTE_KIND && kind != PyUnicode_4BYTE_KIND) {
            return nullptr;
        }
        std::vector<char> characters(static_cast<std::size_t>(base.length * kind) + 1);
        const std::size_t header = base.state.ascii != 0 ? sizeof(PyASCIIObject) : sizeof(PyCompactUnicodeObject);
        if (!m_reader.read(place + header, characters.data(), characters.size() - 1)) {
            return nullptr;
        }
        return PyUnicode_FromKindAndData(kind, characters.data(), base.length);
    }

    PyObject* read_bytes(std::uint64_t place) {
        PyBytesObject bytes{};
        const std::size_t header = offsetof(PyBytesObject, ob_sval);
        if (!m_reader.read(place, static_cast<void*>(&bytes), header) || Py_TYPE(&bytes) != &PyBytes_Type ||
            Py_SIZE(&bytes) < 0 || Py_SIZE(&bytes) > k_longest_table) {
            return nullptr;
        }
        reference copied(PyBytes_FromStringAndSize(nullptr, Py_SIZE(&bytes)));
        if (!copied) {
            return nullptr;
        }
        const bool is_read =
            m_reader.read(place + header, PyBytes_AS_STRING(copied.get()), static_cast<std::size_t>(Py_SIZE(&bytes)));
        return is_read ? copied.give() : nullptr;
    }

    memory_reader& m_reader;
    std::uint64_t m_thread;
    std::vector<seen_frame> m_frames;
    bool m_cannot_read = false;
};

} // namespace

PyObject* read_stack(memory_reader& reader, const PyThreadState* thread) {
    stack_reader stack(reader, thread);
    if (stack.read_chain()) {
        return stack.to_python();
    }
    if (PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

} // namespace xpar
