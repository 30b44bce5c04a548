#include "runtime/python/guard/type_slots.hpp"

#include "runtime/python/guard/gate.hpp"
#include "runtime/python/guard/interpreter.hpp"
#include "runtime/python/guard/judge.hpp"
#include "runtime/python/guard/name_stores.hpp"
#include "runtime/python/guard/storage.hpp"

#include <unordered_set>
#include <utility>
#include <vector>

namespace xpar::guard {
namespace {

constexpr guarded k_item = {.operation = "item assignment", .kind = change::contents};
constexpr guarded k_in_place = {.operation = "in-place operator", .kind = change::in_place};
constexpr guarded k_advance = {.operation = "next()", .kind = change::position};
constexpr guarded k_attribute = {.operation = "attribute assignment", .kind = change::attribute};
constexpr guarded k_init = {.operation = "__init__()", .kind = change::contents};
constexpr guarded k_buffer = {.operation = "writing to its buffer", .kind = change::contents};
constexpr guarded k_descriptor = {
    .operation = "attribute assignment", .kind = change::attribute, .changes = subject::argument, .arguments = calling::one, .always = true};

class types_patcher {
public:
    explicit types_patcher(PyTypeObject* probe) noexcept : p_probe(probe) {}

    void patch(PyTypeObject* type) noexcept {
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
            patch_number(*type->tp_as_number, *p_probe->tp_as_number, of(k_in_place));
        }
        patch_iteration();
        if (!has_patched_setattr() || (type->tp_setattro != PyObject_GenericSetAttr && type->tp_setattro != PyType_Type.tp_setattro)) {
            gate<store_at_key>(type->tp_setattro, p_probe->tp_setattro, k_attribute);
        }
    }

    // Only where a second __init__ replaces what is in the object.
    void patch_init(PyTypeObject* type) noexcept {
        p_type = type;
        gate<store_at_key>(type->tp_init, p_probe->tp_init, k_init);
    }

    void patch_buffer(PyTypeObject* type) noexcept {
        p_type = type;
        if (type->tp_as_buffer != nullptr) {
            gate<get_buffer>(type->tp_as_buffer->bf_getbuffer, nullptr, k_buffer);
        }
    }

    void patch_descriptor(PyTypeObject* type) noexcept {
        p_type = type;
        gate<store_at_key>(type->tp_descr_set, nullptr, k_descriptor);
    }

    int without_gate() const noexcept { return m_without; }

private:
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
        slot = replacement;
        redirect_wrappers(what.original, reinterpret_cast<void*>(replacement));
    }

    // `list.__setitem__` and its like hold the function, too; `object.__setattr__` compares the two.
    void redirect_wrappers(void* from, void* to) noexcept {
        PyObject* key = nullptr;
        PyObject* value = nullptr;
        for (Py_ssize_t at = 0; p_type->tp_dict != nullptr && PyDict_Next(p_type->tp_dict, &at, &key, &value) != 0;) {
            if (Py_IS_TYPE(value, &PyWrapperDescr_Type) && reinterpret_cast<PyWrapperDescrObject*>(value)->d_wrapped == from) {
                reinterpret_cast<PyWrapperDescrObject*>(value)->d_wrapped = to;
            }
        }
    }

    void patch_number(PyNumberMethods& number, const PyNumberMethods& in_python, const guarded& what) noexcept {
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

    void patch_iteration() noexcept {
        // Files are their own iterators, and reading one is no change that anybody would miss.
        const bool is_file = PyType_IsSubtype(p_type, m_file) != 0;
        if (p_type->tp_iternext != _PyObject_NextNotImplemented && !is_file) {
            gate<unary>(p_type->tp_iternext, p_probe->tp_iternext, k_advance);
        }
        if (p_type == &PyGen_Type || p_type == &PyCoro_Type || p_type == &PyAsyncGen_Type) {
            gate<send>(p_type->tp_as_async->am_send, nullptr, k_advance);
        }
    }

    PyTypeObject* p_probe;
    PyTypeObject* p_type = nullptr;
    PyTypeObject* m_file = find_file_type();
    int m_without = 0;

    static PyTypeObject* find_file_type() noexcept {
        PyObject* const module = PyDict_GetItemString(PyImport_GetModuleDict(), "_io");
        PyObject* const type = module != nullptr ? PyDict_GetItemString(PyModule_GetDict(module), "_IOBase") : nullptr;
        return type != nullptr ? reinterpret_cast<PyTypeObject*>(type) : &PyModule_Type;
    }
};

void collect_subtypes(PyTypeObject* base, std::unordered_set<PyTypeObject*>& seen, std::vector<PyTypeObject*>& found) {
    found.push_back(base);
    for (std::size_t next = 0; next < found.size(); ++next) {
        PyObject* const subtypes = static_cast<PyObject*>(found[next]->tp_subclasses); // address -> weak reference
        PyObject* key = nullptr;
        PyObject* reference = nullptr;
        for (Py_ssize_t at = 0; subtypes != nullptr && PyDict_Next(subtypes, &at, &key, &reference) != 0;) {
            PyObject* const type = PyWeakref_GET_OBJECT(reference);
            if (PyType_Check(type) && seen.insert(reinterpret_cast<PyTypeObject*>(type)).second) {
                found.push_back(reinterpret_cast<PyTypeObject*>(type));
            }
        }
    }
}

// Lists and dicts that die are kept for reuse by CPython. One of the snapshot must not be: it would look like the main thread's.
template <destructor* Original, bool (*IsExact)(PyObject*)>
void deallocate(PyObject* object) {
    if (is_context_object(object) || !IsExact(object)) {
        (*Original)(object);
        return;
    }
    // The same without the reuse: its memory would not be given back in any case.
    PyObject_GC_UnTrack(object);
    const destructor self = deallocate<Original, IsExact>;
    Py_TRASHCAN_BEGIN_CONDITION(object, Py_TYPE(object)->tp_dealloc == self);
    (void)Py_TYPE(object)->tp_clear(object);
    Py_TRASHCAN_END;
}

destructor s_list_dealloc = nullptr;
destructor s_dict_dealloc = nullptr;
bool is_list(PyObject* object) { return PyList_CheckExact(object); }
bool is_dict(PyObject* object) { return PyDict_CheckExact(object); }

void keep_free_lists_clean() noexcept {
    if (s_list_dealloc == nullptr) {
        s_list_dealloc = std::exchange(PyList_Type.tp_dealloc, deallocate<&s_list_dealloc, is_list>);
        s_dict_dealloc = std::exchange(PyDict_Type.tp_dealloc, deallocate<&s_dict_dealloc, is_dict>);
    }
}

} // namespace

int set_attribute(PyObject* object, PyObject* name, PyObject* value, PyObject* dict) noexcept {
    if (!is_context_object(object)) [[unlikely]] {
        if (refuses_self(k_attribute, object, name)) {
            return -1;
        }
        if (takes_displayhook(object, name, value)) {
            return 0;
        }
    }
    return original_setattr(object, name, value, dict);
}

int guard_type_slots(PyTypeObject* probe) noexcept {
    std::unordered_set<PyTypeObject*> seen;
    std::vector<PyTypeObject*> types;
    collect_subtypes(&PyBaseObject_Type, seen, types);
    types_patcher patcher(probe);
    for (PyTypeObject* const type : types) {
        patcher.patch(type);
        if (PyType_IsSubtype(type, &PyList_Type) != 0 || PyType_IsSubtype(type, &PyDict_Type) != 0 ||
            PyType_IsSubtype(type, &PySet_Type) != 0 || PyType_IsSubtype(type, &PyByteArray_Type) != 0) {
            patcher.patch_init(type);
        }
        if (type->tp_as_buffer != nullptr && type->tp_as_buffer->bf_getbuffer != nullptr && !is_view_type(type)) {
            patcher.patch_buffer(type);
        }
    }
    for (PyTypeObject* const type : {&PyMemberDescr_Type, &PyGetSetDescr_Type}) {
        patcher.patch_descriptor(type);
    }
    keep_free_lists_clean();
    return patcher.without_gate();
}

} // namespace xpar::guard
