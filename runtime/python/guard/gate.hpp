// Gates: functions that stand where CPython keeps a pointer to one of its own (a type's slot, a method's ml_meth), look
// at the object that is to be changed, and go on to the original or fail before it is called. Made and put in place in
// a zygote and in contexts only; the main process never runs one.
//
// A gate needs to know what it guards without an argument for it, so each is a function of its own: there is a fixed
// number for every signature, numbered by a template argument. Cost for an object of the context: 1 to 2 ns
// (protection_bench).
#pragma once

#include <Python.h>

#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/guard/instance_dicts.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace xpar::guard {

// What kind of change it would be; the judge asks less or more of each.
enum class change : std::uint8_t {
    contents,  // items of a container, bytes of a buffer
    attribute, // of an object or class
    in_place,  // x += y
    position,  // of an iterator or generator
    stream,    // what was written to a file or text buffer
    process,   // what the system keeps for the whole process
    fields,    // of an object of ctypes: its own memory, where items of a pointer are what it points to
};

// Which of the objects in a call would be changed.
enum class subject : std::uint8_t {
    self,
    argument, // number `position`, or `keyword`
    output,   // the same, but there need not be one; a tuple stands for its items
};

// How the arguments arrive, for subjects other than self.
enum class calling : std::uint8_t { none, one, tuple, vector };

struct guarded {
    void* original = nullptr;
    const char* operation = nullptr; // for the message
    const char* keyword = nullptr;
    change kind = change::contents;
    subject changes = subject::self;
    calling arguments = calling::none;
    std::int8_t position = 0;
    bool always = false;  // self being of the context does not settle it: look closer every time
    bool of_dict = false; // of dict or a subclass, see instance_dicts.hpp
};

// What the slots of types do, whoever looks before they do it: a gate in their place, or a twin.
inline constexpr guarded k_item = {.operation = "item assignment", .kind = change::contents};
inline constexpr guarded k_in_place = {.operation = "in-place operator", .kind = change::in_place};
inline constexpr guarded k_advance = {.operation = "next()", .kind = change::position};
inline constexpr guarded k_attribute = {.operation = "attribute assignment", .kind = change::attribute};
inline constexpr guarded k_field = {.operation = "assignment to a field", .kind = change::fields, .always = true};
inline constexpr guarded k_init = {.operation = "__init__()", .kind = change::contents};

// The arguments of one call, in whatever form they came.
struct call_arguments {
    PyObject* const* positional = nullptr;
    Py_ssize_t count = 0;
    PyObject* names = nullptr; // tuple: values follow the positional ones; dict: values by name; null
};

// The second look. True when the call must not happen; the error is set. `name`: of the attribute, else null.
[[gnu::cold]] bool refuses_self(const guarded& what, PyObject* self, PyObject* name) noexcept;
[[gnu::cold]] bool refuses_arguments(const guarded& what, const call_arguments& given) noexcept;

// `object.name = v` of an object whose `__dict__` is the main thread's.
[[gnu::cold]] bool refuses_store_to_borrowed_dict(PyObject* object, PyObject* name) noexcept;

// One overload for each shape of what follows self.
inline bool refuses(const guarded& what, PyObject* self) noexcept {
    return refuses_self(what, self, nullptr);
}

inline bool refuses(const guarded& what, PyObject* self, PyObject* only) noexcept {
    if (what.changes == subject::self) {
        return refuses_self(what, self, nullptr);
    }
    if (what.arguments == calling::one) {
        return refuses_arguments(what, {&only, 1, nullptr});
    }
    return refuses_arguments(what, {&PyTuple_GET_ITEM(only, 0), PyTuple_GET_SIZE(only), nullptr});
}

// (name, value), (key, value), or (args, keywords)
inline bool refuses(const guarded& what, PyObject* self, PyObject* first, PyObject* second) noexcept {
    if (what.changes == subject::self) {
        return refuses_self(what, self, what.kind == change::attribute ? first : nullptr);
    }
    if (what.arguments == calling::one && what.kind == change::fields) {
        return refuses_self(what, first, nullptr);
    }
    if (what.arguments == calling::one) { // descriptor.__set__(object, value)
        if (second != nullptr && PyDict_Check(second)) {
            note_dict_given(first, PyDescr_NAME(self), second);
        }
        return !is_context_object(first) && refuses_self(what, first, PyDescr_NAME(self));
    }
    return refuses_arguments(what, {&PyTuple_GET_ITEM(first, 0), PyTuple_GET_SIZE(first), second});
}

inline bool refuses(const guarded& what, PyObject* self, Py_ssize_t, PyObject*) noexcept {
    return refuses_self(what, self, nullptr);
}
inline bool refuses(const guarded& what, PyObject* self, Py_ssize_t) noexcept {
    return refuses_self(what, self, nullptr);
}
inline bool refuses(const guarded& what, PyObject* self, PyObject*, PyObject**) noexcept {
    return refuses_self(what, self, nullptr);
}

inline bool refuses(const guarded& what, PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                    PyObject* names) noexcept {
    return what.changes == subject::self ? refuses_self(what, self, nullptr)
                                         : refuses_arguments(what, {arguments, count, names});
}
inline bool refuses(const guarded& what, PyObject* self, PyObject* const* arguments, Py_ssize_t count) noexcept {
    return refuses(what, self, arguments, count, nullptr);
}
inline bool refuses(const guarded& what, PyObject* self, PyObject* const* arguments, std::size_t flagged,
                    PyObject* names) noexcept {
    return refuses(what, self, arguments, PyVectorcall_NARGS(flagged), names);
}
inline bool refuses(const guarded& what, PyObject* self, PyTypeObject*, PyObject* const* arguments, std::size_t flagged,
                    PyObject* names) noexcept {
    return refuses(what, self, arguments, PyVectorcall_NARGS(flagged), names);
}
inline bool refuses(const guarded& what, PyObject* self, PyObject*, void*) noexcept {
    return refuses_self(what, self, nullptr);
}
// bf_getbuffer: only a request for writing changes anything, and the view must say that it was not filled.
inline bool refuses(const guarded& what, PyObject* self, Py_buffer* view, int flags) noexcept {
    if ((flags & PyBUF_WRITABLE) == 0 || !refuses_self(what, self, nullptr)) {
        return false;
    }
    view->obj = nullptr;
    return true;
}

template <class Signature>
class gates;

template <class Result, class... Rest>
class gates<Result(PyObject*, Rest...)> {
public:
    using function = Result (*)(PyObject*, Rest...);

    // The gate in front of `what.original`; the same one for the same question. Null when all are taken.
    static function before(const guarded& what) noexcept {
        for (std::size_t i = 0; i < s_used; ++i) {
            guarded& other = s_guarded[i];
            if (other.original == what.original && other.kind == what.kind && other.changes == what.changes &&
                other.position == what.position) {
                other.of_dict |= what.of_dict;
                return k_functions[i];
            }
        }
        if (s_used == k_count) {
            return nullptr;
        }
        s_guarded[s_used] = what;
        return k_functions[s_used++];
    }

    static bool contains(void* place) noexcept {
        for (std::size_t i = 0; i < s_used; ++i) {
            if (reinterpret_cast<void*>(k_functions[i]) == place) {
                return true;
            }
        }
        return false;
    }

    static void look_closer_at_dicts() noexcept {
        for (std::size_t i = 0; i < s_used; ++i) {
            s_guarded[i].always |= s_guarded[i].of_dict;
        }
    }

private:
    static constexpr std::size_t k_count = 256; // about 200 are used with the standard library, numpy and pandas loaded

    static constexpr Result failure() noexcept {
        if constexpr (std::is_pointer_v<Result>) {
            return nullptr;
        } else {
            return static_cast<Result>(-1); // PYGEN_ERROR is -1, too
        }
    }

    template <std::size_t I>
    static Result enter(PyObject* self, Rest... rest) {
        const guarded& what = s_guarded[I];
        if ((!is_context_object(self) || what.always) && refuses(what, self, rest...)) [[unlikely]] {
            return failure();
        }
        return reinterpret_cast<function>(what.original)(self, rest...);
    }

    template <std::size_t... I>
    static constexpr std::array<function, k_count> all(std::index_sequence<I...>) noexcept {
        return {enter<I>...};
    }

    static inline std::array<guarded, k_count> s_guarded{};
    static inline std::size_t s_used = 0;
    static constexpr std::array<function, k_count> k_functions = all(std::make_index_sequence<k_count>());
};

// The signatures of slots and methods.
using unary = PyObject*(PyObject*);
using binary = PyObject*(PyObject*, PyObject*);
using ternary = PyObject*(PyObject*, PyObject*, PyObject*);
using with_index = PyObject*(PyObject*, Py_ssize_t);
using store_at_index = int(PyObject*, Py_ssize_t, PyObject*);
using store_at_key = int(PyObject*, PyObject*, PyObject*);
using set_field = int(PyObject*, PyObject*, void*);
using send = PySendResult(PyObject*, PyObject*, PyObject**);
using get_buffer = int(PyObject*, Py_buffer*, int);
using fast = PyObject*(PyObject*, PyObject* const*, Py_ssize_t);
using fast_with_keywords = PyObject*(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
using vectorcall = PyObject*(PyObject*, PyObject* const*, std::size_t, PyObject*);
using method = PyObject*(PyObject*, PyTypeObject*, PyObject* const*, std::size_t, PyObject*);

} // namespace xpar::guard
