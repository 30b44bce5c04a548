// What differs from one CPython to the next, from 3.11 on: nothing else asks for its version. Public functions where
// there are any in this version; where a newer one has made one of what was private, the private one stands for it
// here, under the public one's meaning.
#pragma once

// Frames of other processes are read as they lie in memory, and variables of a frame where no function gives them.
#define Py_BUILD_CORE 1
#include <Python.h>

#if PY_VERSION_HEX >= 0x030E0000
#include <internal/pycore_frame.h>
#include <internal/pycore_interpframe_structs.h>
#include <internal/pycore_stackref.h>
#else
#include <internal/pycore_frame.h>
#endif

#include <opcode.h>

#include <cstddef>
#include <cstdint>

#if PY_VERSION_HEX < 0x030B0000
#error "xeus-parallel needs CPython 3.11 or newer"
#elif defined(PYPY_VERSION) || defined(GRAALVM_PYTHON)
#error "xeus-parallel needs CPython: other implementations have no reference counts that it could leave alone"
#elif defined(Py_GIL_DISABLED)
#error "xeus-parallel does not run in free-threaded builds of CPython: use the ordinary build"
#elif UINTPTR_MAX != 0xffffffffffffffff
#error "xeus-parallel needs a 64-bit system"
#elif !defined(__linux__) || !defined(__GLIBC__)
#error "xeus-parallel needs Linux with glibc"
#endif

namespace xpar {

inline constexpr bool k_is_311 = PY_VERSION_HEX < 0x030C0000;
inline constexpr unsigned long k_compiled_for = PY_VERSION_HEX; // compare with Py_Version

// ---- objects --------------------------------------------------------------------------------------------------------

// The namespace of a type; borrowed, for as long as the type lives. Builtin types keep theirs elsewhere from 3.12 on.
inline PyObject* dict_of(PyTypeObject* type) noexcept {
#if PY_VERSION_HEX >= 0x030C0000
    PyObject* const dict = PyType_GetDict(type);
    Py_XDECREF(dict);
    return dict;
#else
    return type->tp_dict;
#endif
}

// A new reference, null without an error when there is none: 0; -1 with an error set.
inline int optional_attribute(PyObject* object, PyObject* name, PyObject** found) noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return PyObject_GetOptionalAttr(object, name, found);
#else
    return _PyObject_LookupAttr(object, name, found);
#endif
}

// What a weak reference refers to, borrowed; null when it is gone. Whoever asks knows that it is held elsewhere.
inline PyObject* target_of(PyObject* weak) noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    PyObject* found = nullptr;
    if (PyWeakref_GetRef(weak, &found) != 1) {
        PyErr_Clear();
        return nullptr;
    }
    Py_DECREF(found);
    return found;
#else
    PyObject* const found = PyWeakref_GET_OBJECT(weak);
    return found != Py_None ? found : nullptr;
#endif
}

// The `__dict__` of an object whose type has Py_TPFLAGS_MANAGED_DICT, if anybody has asked for it; borrowed. It lies in
// front of the collector's links, where no function looks without making one.
inline PyObject* managed_dict_of(PyObject* object) noexcept {
    PyObject* const found = reinterpret_cast<PyObject**>(object)[-3];
#if PY_VERSION_HEX >= 0x030C0000 && PY_VERSION_HEX < 0x030D0000
    const bool are_values = (reinterpret_cast<std::uintptr_t>(found) & 1) != 0; // values that have no dict yet
    return are_values ? nullptr : found;
#else
    return found;
#endif
}

// How many references may be added to an object at once: from 3.14 on a count has 32 bits, of which the upper stand for
// objects that are never freed.
#if PY_VERSION_HEX >= 0x030C0000
inline constexpr Py_ssize_t k_many_references = Py_ssize_t{1} << 28;
#else
inline constexpr Py_ssize_t k_many_references = Py_ssize_t{1} << 40;
#endif

// Objects of types with one of these flags have two words in front of the collector's links: dict and weak references.
#if PY_VERSION_HEX >= 0x030C0000
inline constexpr unsigned long k_two_words_flags = Py_TPFLAGS_MANAGED_DICT | Py_TPFLAGS_MANAGED_WEAKREF;
#else
inline constexpr unsigned long k_two_words_flags = Py_TPFLAGS_MANAGED_DICT;
#endif

// The count in the first word of an object that was copied from another process. In 3.14 flags are its highest 16 bits;
// those below stay, so that no address looks like a count.
inline std::uint64_t references_in(std::uint64_t word) noexcept {
#if PY_VERSION_HEX >= 0x030E0000
    return word & 0xffffffffffff;
#else
    return word;
#endif
}

// Can it be asked for its next item? A class whose __next__ is None has a slot that says no.
inline bool is_iterator_type(PyTypeObject* type) noexcept {
    PyObject only_its_type{};
    only_its_type.ob_type = type;
    return PyIter_Check(&only_its_type) != 0;
}

// Goes through a set as PyDict_Next() goes through a dict; `key` is borrowed. Start at 0.
inline bool next_of_set(PyObject* set, Py_ssize_t& at, PyObject*& key) noexcept {
    const auto& of = *reinterpret_cast<PySetObject*>(set);
    while (at <= of.mask) {
        const setentry& entry = of.table[at++];
        if (entry.key != nullptr && entry.hash != -1) { // what was taken out leaves a key with this hash
            key = entry.key;
            return true;
        }
    }
    return false;
}

// Another number whenever sys.modules may have changed, which is when a module has been imported; never 0.
#if PY_VERSION_HEX >= 0x030C0000
inline std::uint64_t version_of_modules() noexcept {
    static std::uint64_t version = 1;
    static PyObject* watched = nullptr; // compared only
    static const int watcher = PyDict_AddWatcher([](PyDict_WatchEvent, PyObject*, PyObject*, PyObject*) {
        ++version;
        return 0;
    });
    PyObject* const modules = PyImport_GetModuleDict();
    if (watcher < 0) { // others have taken all there are
        PyErr_Clear();
        return ++version;
    }
    if (modules != watched) {
        watched = PyDict_Watch(watcher, modules) == 0 ? modules : nullptr;
        PyErr_Clear();
        ++version;
    }
    return version;
}
#else
inline std::uint64_t version_of_modules() noexcept {
    return reinterpret_cast<PyDictObject*>(PyImport_GetModuleDict())->ma_version_tag;
}
#endif

// The type of `1 .__add__`, which is public from 3.11's private name to none at all.
inline PyTypeObject* method_wrapper_type() noexcept {
    static PyTypeObject* const type = [] {
        PyObject* const method = PyObject_GetAttrString(Py_None, "__repr__");
        PyTypeObject* const found = Py_TYPE(method);
        Py_DECREF(method);
        return found;
    }();
    return type;
}

// ---- integers -------------------------------------------------------------------------------------------------------

// What PyLong_AsLongLongAndOverflow does, without the call for small ones.
inline long long int_value(PyObject* object, int& overflow) noexcept {
    overflow = 0;
#if PY_VERSION_HEX >= 0x030C0000
    const auto* const number = reinterpret_cast<PyLongObject*>(object);
    if (PyUnstable_Long_IsCompact(number) != 0) {
        return PyUnstable_Long_CompactValue(number);
    }
#else
    if (const Py_ssize_t sign = Py_SIZE(object); sign >= -1 && sign <= 1) {
        return static_cast<long long>(sign) * reinterpret_cast<PyLongObject*>(object)->ob_digit[0];
    }
#endif
    return PyLong_AsLongLongAndOverflow(object, &overflow);
}

// Bytes that hold the number with its sign.
inline std::size_t bytes_of_long(PyObject* number) noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return static_cast<std::size_t>(PyLong_AsNativeBytes(number, nullptr, 0, Py_ASNATIVEBYTES_LITTLE_ENDIAN));
#else
    return _PyLong_NumBits(number) / 8 + 1;
#endif
}

// Little endian, with sign; `size` is enough, so it cannot fail.
inline void write_long(PyObject* number, unsigned char* into, std::size_t size) noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    (void)PyLong_AsNativeBytes(number, into, static_cast<Py_ssize_t>(size), Py_ASNATIVEBYTES_LITTLE_ENDIAN);
#else
    (void)_PyLong_AsByteArray(reinterpret_cast<PyLongObject*>(number), into, size, 1, 1);
#endif
}

inline PyObject* read_long(const unsigned char* from, std::size_t size) noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return PyLong_FromNativeBytes(from, size, Py_ASNATIVEBYTES_LITTLE_ENDIAN);
#else
    return _PyLong_FromByteArray(from, size, 1, 1);
#endif
}

// ---- code objects ---------------------------------------------------------------------------------------------------

// CPython's places for what others attach to a code object.
inline Py_ssize_t request_code_extra_index(freefunc drop) noexcept {
#if PY_VERSION_HEX >= 0x030C0000
    return PyUnstable_Eval_RequestCodeExtraIndex(drop);
#else
    return _PyEval_RequestCodeExtraIndex(drop);
#endif
}

inline int get_code_extra(PyObject* code, Py_ssize_t index, void** extra) noexcept {
#if PY_VERSION_HEX >= 0x030C0000
    return PyUnstable_Code_GetExtra(code, index, extra);
#else
    return _PyCode_GetExtra(code, index, extra);
#endif
}

inline int set_code_extra(PyObject* code, Py_ssize_t index, void* extra) noexcept {
#if PY_VERSION_HEX >= 0x030C0000
    return PyUnstable_Code_SetExtra(code, index, extra);
#else
    return _PyCode_SetExtra(code, index, extra);
#endif
}

// ---- threads and frames ---------------------------------------------------------------------------------------------

// Null where this thread runs no Python.
inline PyThreadState* current_thread() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return PyThreadState_GetUnchecked();
#else
    return _PyThreadState_UncheckedGet();
#endif
}

// The thread has no frames below what it calls next, and may call as deeply as a new one.
inline void forget_frames(PyThreadState* thread) noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    thread->current_frame = nullptr;
#else
    thread->cframe->current_frame = nullptr;
#endif
#if PY_VERSION_HEX >= 0x030C0000
    thread->py_recursion_remaining = thread->py_recursion_limit;
#else
    thread->recursion_remaining = thread->recursion_limit;
#endif
}

// Where a thread says which frame is its innermost: the offsets to follow from the thread, each from what the one
// before has led to.
#if PY_VERSION_HEX >= 0x030D0000
inline constexpr std::size_t k_way_to_frame[] = {offsetof(PyThreadState, current_frame)};
#else
inline constexpr std::size_t k_way_to_frame[] = {offsetof(PyThreadState, cframe), offsetof(_PyCFrame, current_frame)};
#endif

// Parts of a frame that was copied from another process.
inline PyObject* code_of(const _PyInterpreterFrame& copied) noexcept {
#if PY_VERSION_HEX >= 0x030E0000
    return PyStackRef_AsPyObjectBorrow(copied.f_executable);
#elif PY_VERSION_HEX >= 0x030D0000
    return copied.f_executable;
#else
    return reinterpret_cast<PyObject*>(copied.f_code);
#endif
}

inline const _Py_CODEUNIT* instruction_of(const _PyInterpreterFrame& copied) noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return copied.instr_ptr;
#else
    return copied.prev_instr;
#endif
}

// A variable of a frame by its place among `co_localsplusnames`, as it is: cells are not looked into. Borrowed.
inline PyObject* variable_of(PyFrameObject* frame, int place) noexcept {
#if PY_VERSION_HEX >= 0x030E0000
    return PyStackRef_AsPyObjectBorrow(frame->f_frame->localsplus[place]);
#else
    return frame->f_frame->localsplus[place];
#endif
}

} // namespace xpar
