#include "runtime/python/guard/patch/type_slots.hpp"

#include "runtime/python/glue/loaded_type.hpp"
#include "runtime/python/guard/ctypes_data.hpp"
#include "runtime/python/guard/gate.hpp"
#include "runtime/python/guard/instance_dicts.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/guard/patch/interpreter.hpp"
#include "runtime/python/guard/patch/slot_wrappers.hpp"
#include "runtime/python/guard/storage.hpp"

#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace xpar::guard {
namespace {

constexpr guarded k_buffer = {.operation = "writing to its buffer", .kind = change::contents};
constexpr guarded k_descriptor = {.operation = "attribute assignment",
                                  .kind = change::attribute,
                                  .changes = subject::argument,
                                  .arguments = calling::one,
                                  .always = true};

constexpr guarded k_field_descriptor = {.operation = "assignment to a field",
                                        .kind = change::fields,
                                        .changes = subject::argument,
                                        .arguments = calling::one,
                                        .always = true};

// Views that Cython's code makes for itself: each of the 30 modules of pandas has types for them, and no program gets
// an object of one. An array over such a view is looked at as every array is. 83 pages that need not be written.
bool is_made_within_calls(const PyTypeObject* type) noexcept {
    const std::string_view name = type->tp_name;
    return (name.starts_with("pandas._libs.") || name.starts_with("numpy.random.")) &&
           (name.ends_with(".memoryview") || name.ends_with("._memoryviewslice") || name.ends_with(".array"));
}

// A pointer to change in a zygote: from what it is when the main process looks, to a gate.
struct site {
    void** place;
    void* original;
    void* replacement;
};

// Finds the sites of a type.
class slot_reader {
public:
    explicit slot_reader(PyTypeObject* probe) noexcept : p_probe(probe) {}

    std::vector<site> read(PyTypeObject* type) {
        m_sites.clear();
        if (is_made_within_calls(type)) {
            return m_sites;
        }
        read_slots(type);
        if (PyType_IsSubtype(type, &PyList_Type) != 0 || PyType_IsSubtype(type, &PyDict_Type) != 0 ||
            PyType_IsSubtype(type, &PySet_Type) != 0 || PyType_IsSubtype(type, &PyByteArray_Type) != 0) {
            gate<store_at_key>(type->tp_init, p_probe->tp_init, k_init); // a second one replaces what is in the object
        }
        if (type->tp_as_buffer != nullptr && (!is_view_type(type) || is_ctypes_data(type)) &&
            PyType_IsSubtype(type, &PyBytes_Type) == 0 && !is_array_scalar(type)) {
            gate<get_buffer>(type->tp_as_buffer->bf_getbuffer, nullptr, k_buffer);
        }
        if (type == &PyMemberDescr_Type || type == &PyGetSetDescr_Type) {
            gate<store_at_key>(type->tp_descr_set, nullptr, k_descriptor);
        }
        if (type->tp_descr_set != nullptr && std::string_view(type->tp_name) == "_ctypes.CField") {
            gate<store_at_key>(type->tp_descr_set, nullptr, k_field_descriptor);
        }
        each_data_setter(type, gate_setter, this);
        return m_sites;
    }

    int without_gate() const noexcept { return m_without; }

private:
    void read_slots(PyTypeObject* type) noexcept {
        p_type = type;
        const bool is_view = is_view_type(type);
        const auto of = [&](guarded what) {
            what.always = is_view;
            what.of_dict = PyType_IsSubtype(type, &PyDict_Type) != 0;
            return what;
        };
        if (PyMappingMethods* const mapping = type->tp_as_mapping) {
            gate<store_at_key>(mapping->mp_ass_subscript, p_probe->tp_as_mapping->mp_ass_subscript, of(k_item));
        }
        if (PySequenceMethods* const sequence = type->tp_as_sequence) {
            gate<store_at_index>(sequence->sq_ass_item, p_probe->tp_as_sequence->sq_ass_item, of(k_item));
            gate<binary>(sequence->sq_inplace_concat, nullptr, of(k_in_place));
            gate<with_index>(sequence->sq_inplace_repeat, nullptr, of(k_in_place));
        }
        if (type->tp_as_number != nullptr) {
            read_number(*type->tp_as_number, *p_probe->tp_as_number, of(k_in_place));
        }
        read_iteration();
        const bool is_generic =
            type->tp_setattro == PyObject_GenericSetAttr || type->tp_setattro == PyType_Type.tp_setattro;
        if (!is_generic) {
            gate<store_at_key>(type->tp_setattro, p_probe->tp_setattro, k_attribute);
        }
    }

    static void gate_setter(setter& place, void* self) {
        static_cast<slot_reader*>(self)->gate<set_field>(place, nullptr, k_field);
    }

    template <class Signature, class Slot>
    void gate(Slot& slot, std::type_identity_t<Slot> in_python, guarded what) noexcept {
        if (slot == nullptr || slot == in_python || gates<Signature>::contains(reinterpret_cast<void*>(slot))) {
            return;
        }
        what.original = reinterpret_cast<void*>(slot);
        const Slot replacement = gates<Signature>::before(what);
        if (replacement == nullptr) {
            ++m_without;
            return;
        }
        m_sites.push_back({reinterpret_cast<void**>(&slot), what.original, reinterpret_cast<void*>(replacement)});
        find_wrappers(what, reinterpret_cast<void*>(replacement));
    }

    // `ndarray.__setitem__` and its like hold the function, too. A class that a context makes takes its slots from
    // there: where objects of its own can show memory of the main thread it must get the gate.
    void find_wrappers(const guarded& what, void* gate) noexcept {
        PyObject* key = nullptr;
        PyObject* value = nullptr;
        for (Py_ssize_t at = 0; p_type->tp_dict != nullptr && PyDict_Next(p_type->tp_dict, &at, &key, &value) != 0;) {
            auto* const method = reinterpret_cast<PyWrapperDescrObject*>(value);
            if (Py_IS_TYPE(value, &PyWrapperDescr_Type) && method->d_wrapped == what.original &&
                (what.always || !lead_wrapper(*method, what.original, gate))) {
                m_sites.push_back({&method->d_wrapped, what.original, gate});
            }
        }
    }

    void read_number(PyNumberMethods& number, const PyNumberMethods& in_python, const guarded& what) noexcept {
        gate<binary>(number.nb_inplace_add, in_python.nb_inplace_add, what);
        gate<binary>(number.nb_inplace_subtract, in_python.nb_inplace_subtract, what);
        gate<binary>(number.nb_inplace_multiply, in_python.nb_inplace_multiply, what);
        gate<binary>(number.nb_inplace_remainder, in_python.nb_inplace_remainder, what);
        gate<ternary>(number.nb_inplace_power, in_python.nb_inplace_power, what);
        gate<binary>(number.nb_inplace_lshift, in_python.nb_inplace_lshift, what);
        gate<binary>(number.nb_inplace_rshift, in_python.nb_inplace_rshift, what);
        gate<binary>(number.nb_inplace_and, in_python.nb_inplace_and, what);
        gate<binary>(number.nb_inplace_xor, in_python.nb_inplace_xor, what);
        gate<binary>(number.nb_inplace_or, in_python.nb_inplace_or, what);
        gate<binary>(number.nb_inplace_floor_divide, in_python.nb_inplace_floor_divide, what);
        gate<binary>(number.nb_inplace_true_divide, in_python.nb_inplace_true_divide, what);
        gate<binary>(number.nb_inplace_matrix_multiply, in_python.nb_inplace_matrix_multiply, what);
    }

    void read_iteration() noexcept {
        // Files are their own iterators, and reading one is no change that anybody would miss.
        const bool is_file = m_file != nullptr && PyType_IsSubtype(p_type, m_file) != 0;
        if (p_type->tp_iternext != _PyObject_NextNotImplemented && !is_file) {
            gate<unary>(p_type->tp_iternext, p_probe->tp_iternext, k_advance);
        }
        if (p_type == &PyGen_Type || p_type == &PyCoro_Type || p_type == &PyAsyncGen_Type) {
            gate<send>(p_type->tp_as_async->am_send, nullptr, k_advance);
        }
    }

    PyTypeObject* p_probe;
    PyTypeObject* p_type = nullptr;
    std::vector<site> m_sites;
    PyTypeObject* m_file = loaded_type("_io", "_IOBase");
    int m_without = 0;
};

// All types there are, as a tree, with their sites. Kept from batch to batch: only what is below a type that has got or
// lost a subtype is looked at again. 5 ms for the 2,200 types of numpy and pandas the first time, 0.3 ms after that.
class type_tree {
public:
    void refresh(slot_reader& reader) {
        if (m_root.type == nullptr) {
            m_root.type = &PyBaseObject_Type;
            m_root.sites = reader.read(&PyBaseObject_Type);
        }
        // Most often nothing has changed, and then nothing is written: a page that is, after a fork, is copied.
        while (refresh(m_root, reader)) {
            std::unordered_set<PyTypeObject*> seen;
            find_repeated(m_root, seen);
        }
    }

    void write() const noexcept { write(m_root); }

private:
    struct node {
        PyTypeObject* type = nullptr;
        // Who it is: its address alone may be that of one that is gone.
        PyObject* dict = nullptr;
        PyTypeObject* base = nullptr;
        bool has_bases = false;    // more than one, and so more than one place in the tree
        bool is_repeated = false;  // what is below it is looked at in another of its places
        std::uint64_t version = 0; // of the dict of its subtypes when it was read
        std::vector<site> sites;
        std::vector<std::unique_ptr<node>> subtypes;
    };

    // True if the tree has changed.
    static bool refresh(node& of, slot_reader& reader) {
        bool has_changed = false;
        auto* const dict = reinterpret_cast<PyDictObject*>(of.type->tp_subclasses); // address -> weak reference
        if (dict == nullptr) {
            if (of.version != 0) { // the last of them has died. Most have never had any: a write would copy the page
                of.subtypes.clear();
                of.version = 0;
                has_changed = true;
            }
        } else if (dict->ma_version_tag != of.version) { // no two dicts ever have the same
            of.version = dict->ma_version_tag;
            read_subtypes(of, reinterpret_cast<PyObject*>(dict), reader);
            has_changed = true;
        }
        for (const auto& each : of.subtypes) {
            if (!each->is_repeated) {
                has_changed = refresh(*each, reader) || has_changed;
            }
        }
        return has_changed;
    }

    static void find_repeated(node& of, std::unordered_set<PyTypeObject*>& seen) {
        for (const auto& each : of.subtypes) {
            each->is_repeated = each->has_bases && !seen.insert(each->type).second;
            if (!each->is_repeated) {
                find_repeated(*each, seen);
            }
        }
    }

    static void read_subtypes(node& of, PyObject* dict, slot_reader& reader) {
        std::unordered_map<PyTypeObject*, std::unique_ptr<node>> known;
        for (auto& each : of.subtypes) {
            known.emplace(each->type, std::move(each));
        }
        of.subtypes.clear();
        PyObject* key = nullptr;
        PyObject* reference = nullptr;
        for (Py_ssize_t at = 0; PyDict_Next(dict, &at, &key, &reference) != 0;) {
            if (!PyType_Check(PyWeakref_GET_OBJECT(reference))) {
                continue; // it is dying
            }
            auto* const type = reinterpret_cast<PyTypeObject*>(PyWeakref_GET_OBJECT(reference));
            const auto found = known.find(type);
            if (found != known.end() && found->second->dict == type->tp_dict && found->second->base == type->tp_base) {
                of.subtypes.push_back(std::move(found->second));
                continue;
            }
            auto made = std::make_unique<node>();
            made->type = type;
            made->dict = type->tp_dict;
            made->base = type->tp_base;
            made->has_bases = type->tp_bases == nullptr || PyTuple_GET_SIZE(type->tp_bases) > 1;
            made->sites = reader.read(type);
            of.subtypes.push_back(std::move(made));
        }
    }

    // The zygote reads no type that it does not have to change.
    static void write(const node& of) noexcept {
        for (const site& each : of.sites) {
            if (*each.place == each.original) { // else somebody has assigned a method since, written in Python
                *each.place = each.replacement;
            }
        }
        for (const auto& each : of.subtypes) {
            write(*each);
        }
    }

    node m_root;
};

type_tree* s_types = nullptr;

} // namespace

int set_attribute(PyObject* object, PyObject* name, PyObject* value, PyObject* dict) noexcept {
    const bool is_own = is_context_object(object);
    if (!is_own && refuses_self(k_attribute, object, name)) [[unlikely]] {
        return -1;
    }
    if (is_own && g_borrows_dicts && refuses_store_to_borrowed_dict(object, name)) [[unlikely]] {
        return -1;
    }
    return g_original_setattr(object, name, value, dict);
}

int find_type_slots(PyTypeObject* probe) noexcept {
    if (s_types == nullptr) {
        s_types = new type_tree;
    }
    slot_reader reader(probe);
    s_types->refresh(reader);
    return reader.without_gate();
}

void guard_type_slots() noexcept {
    s_types->write();
    guard_slot_wrappers();
}

} // namespace xpar::guard
