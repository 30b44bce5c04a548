#include "runtime/python/guard/ctypes_data.hpp"

#include "runtime/python/glue/compat.hpp"
#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/glue/loaded_type.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/python/guard/gate.hpp"
#include "runtime/python/guard/storage.hpp"

#include <structmember.h>

#include <cstddef>

namespace xpar::guard {
namespace {

// The beginning of CDataObject in CPython 3.11; compared with the members that the type has before it is believed.
struct data_fields {
    PyObject_HEAD char* memory;
    int owns_memory;
    data_fields* base;
    Py_ssize_t size;
    Py_ssize_t length;
    Py_ssize_t index;
    PyObject* kept; // what must live as long: a dict of them, or one
};

PyTypeObject* s_data = nullptr;
PyTypeObject* s_pointer = nullptr;
PyTypeObject* s_reference = nullptr; // of what byref() returns

constexpr int k_longest_chain = 64;
constexpr int k_deepest = 3; // dicts in dicts, for arrays of structures

bool has_member_at(PyTypeObject* type, const char* name, std::size_t offset) noexcept {
    PyObject* const member = PyDict_GetItemString(dict_of(type), name);
    return member != nullptr && Py_IS_TYPE(member, &PyMemberDescr_Type) &&
           reinterpret_cast<PyMemberDescrObject*>(member)->d_member->offset == static_cast<Py_ssize_t>(offset);
}

const data_fields& fields_of(PyObject* object) noexcept {
    return *reinterpret_cast<data_fields*>(object);
}

bool covers(const char* memory, Py_ssize_t bytes, const char* place) noexcept {
    return place >= memory && place < memory + bytes;
}

PyObject* find_holder(PyObject* kept, const char* place, int depth) noexcept {
    if (kept == nullptr) {
        return nullptr;
    }
    if (PyDict_Check(kept)) {
        PyObject* key = nullptr;
        PyObject* value = nullptr;
        for (Py_ssize_t at = 0; depth < k_deepest && PyDict_Next(kept, &at, &key, &value) != 0;) {
            if (PyObject* const found = find_holder(value, place, depth + 1)) {
                return found;
            }
        }
        return nullptr;
    }
    if (is_ctypes_data(Py_TYPE(kept))) {
        return covers(fields_of(kept).memory, fields_of(kept).size, place) ? kept : nullptr;
    }
    if (PyMemoryView_Check(kept)) {
        const Py_buffer& view = *PyMemoryView_GET_BUFFER(kept);
        return covers(static_cast<char*>(view.buf), view.len, place) ? kept : nullptr;
    }
    return array_shows(kept, place) ? kept : nullptr;
}

// Among what `object`, or the one it is a part of, keeps alive; numpy adds an attribute for the array.
PyObject* kept_holder(PyObject* object, const char* place) noexcept {
    const data_fields* root = &fields_of(object);
    for (int i = 0; root->base != nullptr && i < k_longest_chain; ++i) {
        root = root->base;
    }
    if (PyObject* const found = find_holder(root->kept, place, 0)) {
        return found;
    }
    // Makes a dict of them where there is none, which an object of the main thread is not to get here.
    PyObject** const attributes = is_context_object(object) ? _PyObject_GetDictPtr(object) : nullptr;
    return attributes != nullptr ? find_holder(*attributes, place, 0) : nullptr;
}

// ---- ctypes.memmove() and memset(): objects that call a function by its address -------------------------------------

constexpr guarded k_writing = {.operation = "writing to its memory",
                               .kind = change::contents,
                               .changes = subject::argument,
                               .arguments = calling::tuple};

ternaryfunc s_call = nullptr;
PyObject* s_memmove = nullptr;
PyObject* s_memset = nullptr;

PyObject* call_by_address(PyObject* self, PyObject* arguments, PyObject* names) {
    const bool writes = self == s_memmove || self == s_memset;
    if (writes && refuses_arguments(k_writing, {&PyTuple_GET_ITEM(arguments, 0), PyTuple_GET_SIZE(arguments), names})) {
        return nullptr;
    }
    return s_call(self, arguments, names);
}

// No module has a name for that type.
PyTypeObject* type_of_references() noexcept {
    PyTypeObject* const number = loaded_type("ctypes", "c_int");
    const reference object(number != nullptr ? PyObject_CallNoArgs(reinterpret_cast<PyObject*>(number)) : nullptr);
    PyObject* const module = PyDict_GetItemString(PyImport_GetModuleDict(), "_ctypes");
    const reference made(object && module != nullptr ? PyObject_CallMethod(module, "byref", "O", object.get())
                                                     : nullptr);
    PyErr_Clear();
    return made ? reinterpret_cast<PyTypeObject*>(Py_NewRef(Py_TYPE(made.get()))) : nullptr;
}

} // namespace

void know_ctypes() noexcept {
    PyTypeObject* const structure = s_data == nullptr ? loaded_type("_ctypes", "Structure") : nullptr;
    PyTypeObject* const data = structure != nullptr ? structure->tp_base : nullptr;
    if (data != nullptr && has_member_at(data, "_b_base_", offsetof(data_fields, base)) &&
        has_member_at(data, "_b_needsfree_", offsetof(data_fields, owns_memory)) &&
        has_member_at(data, "_objects", offsetof(data_fields, kept))) {
        s_data = data;
        s_pointer = loaded_type("_ctypes", "_Pointer");
    }
    if (s_reference == nullptr) {
        s_reference = type_of_references();
    }
}

bool is_ctypes_unknown() noexcept {
    return s_data == nullptr && loaded_type("_ctypes", "Structure") != nullptr;
}

bool is_ctypes_data(PyTypeObject* type) noexcept {
    return s_data != nullptr && PyType_IsSubtype(type, s_data) != 0;
}

bool is_reference_to_data(PyObject* object) noexcept {
    return s_reference != nullptr && Py_IS_TYPE(object, s_reference);
}

PyObject* holder_of_data(PyObject* object) noexcept {
    const data_fields& fields = fields_of(object);
    auto* const base = reinterpret_cast<PyObject*>(fields.base);
    if (base != nullptr && covers(fields.base->memory, fields.base->size, fields.memory)) {
        return base;
    }
    const bool is_within = covers(reinterpret_cast<char*>(object), Py_TYPE(object)->tp_basicsize, fields.memory);
    if (base == nullptr && (fields.owns_memory != 0 || is_within)) {
        return nullptr;
    }
    PyObject* const kept = kept_holder(object, fields.memory);
    return kept != nullptr && kept != object ? kept : base;
}

PyObject* holder_of_target(PyObject* object) noexcept {
    if (s_pointer == nullptr || PyType_IsSubtype(Py_TYPE(object), s_pointer) == 0) {
        return holder_of_data(object);
    }
    const char* const target = *reinterpret_cast<char**>(fields_of(object).memory);
    PyObject* const kept = kept_holder(object, target);
    return kept != nullptr && kept != object ? kept : reinterpret_cast<PyObject*>(fields_of(object).base);
}

void each_data_setter(PyTypeObject* type, setter_place visit, void* context) noexcept {
    for (const char* const name : {"value", "raw", "contents"}) {
        PyObject* const found = is_ctypes_data(type) ? PyDict_GetItemString(dict_of(type), name) : nullptr;
        if (found != nullptr && Py_IS_TYPE(found, &PyGetSetDescr_Type)) {
            visit(reinterpret_cast<PyGetSetDescrObject*>(found)->d_getset->set, context);
        }
    }
}

void guard_memory_functions() noexcept {
    PyObject* const module = PyDict_GetItemString(PyImport_GetModuleDict(), "ctypes");
    if (s_data == nullptr || module == nullptr || !PyModule_Check(module)) {
        return;
    }
    s_memmove = PyDict_GetItemString(PyModule_GetDict(module), "memmove");
    s_memset = PyDict_GetItemString(PyModule_GetDict(module), "memset");
    PyTypeObject* const function = loaded_type("_ctypes", "CFuncPtr");
    for (PyObject* const each : {s_memmove, s_memset}) {
        PyTypeObject* const type = each != nullptr ? Py_TYPE(each) : nullptr;
        if (function != nullptr && type != nullptr && type->tp_call == function->tp_call) {
            s_call = function->tp_call;
            type->tp_call = call_by_address;
        }
    }
}

} // namespace xpar::guard
