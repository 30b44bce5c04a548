// The clone codec by itself, for its tests and measurements: records in private memory instead of a shared heap.
#include "runtime/python/clone/clone.hpp"
#include "runtime/python/glue/reference.hpp"

#include <cstdlib>
#include <cstring>
#include <new>
#include <unordered_map>

namespace {

using xpar::reference;
namespace clone = xpar::clone;

constexpr std::size_t k_alignment = 64;

// Memory with one record in it: what a heap is to a clone.
struct record_object {
    PyObject ob_base;
    std::byte* owned_memory;
    std::size_t size;
    bool has_payloads;
    PyObject* owned_references; // tuple of ids
};

Py_ssize_t s_live_records = 0;
PyTypeObject* s_record_type = nullptr;
clone::encoder* s_encoder = nullptr;

record_object* as_record(PyObject* object) noexcept {
    return reinterpret_cast<record_object*>(object);
}

PyObject* make_record(std::size_t size) {
    PyObject* const made = s_record_type->tp_alloc(s_record_type, 0);
    if (made == nullptr) {
        return nullptr;
    }
    ++s_live_records;
    as_record(made)->size = size;
    as_record(made)->owned_memory =
        static_cast<std::byte*>(std::aligned_alloc(k_alignment, (size + k_alignment) / k_alignment * k_alignment));
    if (as_record(made)->owned_memory == nullptr) {
        Py_DECREF(made);
        return PyErr_NoMemory();
    }
    std::memset(as_record(made)->owned_memory, 0, size);
    return made;
}

bool fill_record(PyObject* record, const clone::encoder& encoder) {
    as_record(record)->has_payloads = encoder.has_payloads();
    PyObject* const ids = PyTuple_New(static_cast<Py_ssize_t>(encoder.references().size()));
    for (std::size_t i = 0; ids != nullptr && i < encoder.references().size(); ++i) {
        PyTuple_SET_ITEM(ids, static_cast<Py_ssize_t>(i), PyLong_FromUnsignedLong(encoder.references()[i]));
    }
    Py_XSETREF(as_record(record)->owned_references, ids);
    encoder.write_to(as_record(record)->owned_memory);
    return ids != nullptr;
}

void record_dealloc(PyObject* self) noexcept {
    PyTypeObject* const type = Py_TYPE(self);
    // A view that outlives its record reads this instead of what was there.
    std::memset(as_record(self)->owned_memory, 0xDD, as_record(self)->size);
    std::free(as_record(self)->owned_memory);
    Py_XDECREF(as_record(self)->owned_references);
    --s_live_records;
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject* record_decode(PyObject* self, PyObject*) noexcept {
    return clone::decode(as_record(self)->owned_memory, self);
}

PyObject* record_bytes(PyObject* self, PyObject*) noexcept {
    return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(as_record(self)->owned_memory),
                                     static_cast<Py_ssize_t>(as_record(self)->size));
}

PyObject* record_references(PyObject* self, PyObject*) noexcept {
    return Py_NewRef(as_record(self)->owned_references);
}

PyObject* record_has_payloads(PyObject* self, PyObject*) noexcept {
    return PyBool_FromLong(as_record(self)->has_payloads ? 1 : 0);
}

// Encodes into the memory of this record, which has been touched already: what a push costs without page faults.
PyObject* record_rewrite(PyObject* self, PyObject* object) noexcept {
    if (!s_encoder->encode(object)) {
        return nullptr;
    }
    bool written = false;
    if (s_encoder->size() <= as_record(self)->size) {
        written = fill_record(self, *s_encoder);
    } else {
        PyErr_SetString(PyExc_ValueError, "the record is too small");
    }
    s_encoder->reset();
    return written ? Py_NewRef(Py_None) : nullptr;
}

// An encoder of its own per call: user code in the middle of pickling may call this again.
PyObject* probe_encode(PyObject*, PyObject* object) noexcept {
    try {
        clone::encoder encoder;
        if (!encoder.encode(object)) {
            return nullptr;
        }
        reference record(make_record(encoder.size()));
        return record && fill_record(record.get(), encoder) ? record.give() : nullptr;
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
}

// With the module's one encoder, also when it is busy.
PyObject* probe_encode_reusing(PyObject*, PyObject* object) noexcept {
    if (!s_encoder->encode(object)) {
        return nullptr;
    }
    reference record(make_record(s_encoder->size()));
    const bool filled = record && fill_record(record.get(), *s_encoder);
    s_encoder->reset();
    return filled ? record.give() : nullptr;
}

PyObject* probe_record_of(PyObject*, PyObject* bytes) noexcept {
    char* data = nullptr;
    Py_ssize_t size = 0;
    if (PyBytes_AsStringAndSize(bytes, &data, &size) != 0) {
        return nullptr;
    }
    PyObject* const record = make_record(static_cast<std::size_t>(size));
    if (record != nullptr) {
        std::memcpy(as_record(record)->owned_memory, data, static_cast<std::size_t>(size));
    }
    return record;
}

PyObject* probe_encode_inline(PyObject*, PyObject* object) noexcept {
    std::uint64_t slot = 0;
    return clone::try_encode_inline(object, slot) ? PyLong_FromUnsignedLongLong(slot) : Py_NewRef(Py_None);
}

PyObject* probe_decode_inline(PyObject*, PyObject* slot) noexcept {
    const unsigned long long value = PyLong_AsUnsignedLongLong(slot);
    return PyErr_Occurred() != nullptr ? nullptr : clone::decode_inline(value);
}

PyObject* probe_live_records(PyObject*, PyObject*) noexcept {
    return PyLong_FromSsize_t(s_live_records);
}

// ---- a stand-in for xlists: objects of a Python class with an attribute `id`, found again in a dict
// -------------------------

PyObject* s_lists = nullptr; // {id: object}

bool list_id_of(PyObject* object, std::uint32_t& id) {
    const reference value(PyObject_GetAttrString(object, "id"));
    id = value ? static_cast<std::uint32_t>(PyLong_AsUnsignedLong(value.get())) : 0;
    return PyErr_Occurred() == nullptr && id != 0;
}

std::uint32_t list_generation_of(std::uint32_t id) {
    return id + 1000;
}

PyObject* list_from_id(std::uint32_t id, std::uint32_t generation) {
    const reference key(PyLong_FromUnsignedLong(id));
    PyObject* const known = key && generation == id + 1000 ? PyDict_GetItemWithError(s_lists, key.get()) : nullptr;
    if (known == nullptr && PyErr_Occurred() == nullptr) {
        PyErr_SetString(PyExc_ReferenceError, "gone");
    }
    return Py_XNewRef(known);
}

PyObject* probe_set_list_class(PyObject*, PyObject* arguments) noexcept {
    PyObject* type = nullptr;
    if (PyArg_ParseTuple(arguments, "O!O!", &PyType_Type, &type, &PyDict_Type, &s_lists) == 0) {
        return nullptr;
    }
    Py_INCREF(type); // for good: the hooks borrow it
    Py_INCREF(s_lists);
    clone::set_reference_hooks({reinterpret_cast<PyTypeObject*>(type), list_id_of, list_from_id, list_generation_of});
    Py_RETURN_NONE;
}

PyMethodDef s_record_methods[] = {{"decode", record_decode, METH_NOARGS, "-> the object"},
                                  {"bytes", record_bytes, METH_NOARGS, "-> the record"},
                                  {"references", record_references, METH_NOARGS, "-> ids"},
                                  {"has_payloads", record_has_payloads, METH_NOARGS, "-> bool"},
                                  {"rewrite", record_rewrite, METH_O, "(object): encodes into this record's memory"},
                                  {nullptr, nullptr, 0, nullptr}};

PyMethodDef s_methods[] = {
    {"encode", probe_encode, METH_O, "(object) -> record"},
    {"encode_reusing", probe_encode_reusing, METH_O, "(object) -> record, with the one encoder of the module"},
    {"record_of", probe_record_of, METH_O, "(bytes) -> record"},
    {"encode_inline", probe_encode_inline, METH_O, "(object) -> slot or None"},
    {"decode_inline", probe_decode_inline, METH_O, "(slot) -> object"},
    {"live_records", probe_live_records, METH_NOARGS, "-> how many records exist"},
    {"set_list_class", probe_set_list_class, METH_VARARGS, "(class, {id: object})"},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef s_module = {
    PyModuleDef_HEAD_INIT, "_clone_probe", nullptr, -1, s_methods, nullptr, nullptr, nullptr, nullptr};

} // namespace

PyMODINIT_FUNC PyInit__clone_probe() {
    PyType_Slot slots[] = {
        {Py_tp_methods, s_record_methods}, {Py_tp_dealloc, reinterpret_cast<void*>(record_dealloc)}, {0, nullptr}};
    PyType_Spec spec = {"_clone_probe.record", sizeof(record_object), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    s_record_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    if (s_record_type == nullptr || !clone::initialize()) {
        return nullptr;
    }
    s_encoder = new clone::encoder;
    return PyModule_Create(&s_module);
}
