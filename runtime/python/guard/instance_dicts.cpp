#include "runtime/python/guard/instance_dicts.hpp"

#include "runtime/python/glue/compat.hpp"
#include "runtime/python/guard/gate.hpp"
#include "runtime/python/guard/methods.hpp"
#include "runtime/python/guard/patch/patches.hpp"

#include <cstdlib>
#include <unordered_map>
#include <utility>

namespace xpar::guard {
namespace {

// Of the attributes that are watched: `__dict__`, and `__annotations__` of functions and of classes.
constexpr std::size_t k_attributes = 3;
getter s_originals[k_attributes] = {};
// they live as long as their objects, which are never freed here
std::unordered_map<PyObject*, PyObject*>* s_adopted = nullptr;

template <std::size_t Attribute>
PyObject* get_and_adopt(PyObject* object, void* closure) {
    PyObject* const dict = s_originals[Attribute](object, closure);
    if (dict != nullptr) {
        adopt_dict(object, dict);
    }
    return dict;
}

template <std::size_t Attribute>
bool watch(PyTypeObject* owner, const char* name) noexcept {
    PyObject* const descriptor = PyDict_GetItemString(dict_of(owner), name);
    if (descriptor == nullptr || !Py_IS_TYPE(descriptor, &PyGetSetDescr_Type)) {
        return false;
    }
    PyGetSetDef* const shared = reinterpret_cast<PyGetSetDescrObject*>(descriptor)->d_getset;
    if (shared->get != get_and_adopt<Attribute>) {
        s_originals[Attribute] = std::exchange(shared->get, get_and_adopt<Attribute>);
    }
    return true;
}

} // namespace

constinit bool g_borrows_dicts = false;

PyObject* dict_there_is(PyObject* object) noexcept {
    PyTypeObject* const type = Py_TYPE(object);
    if ((type->tp_flags & Py_TPFLAGS_MANAGED_DICT) != 0) {
        return managed_dict_of(object);
    }
    Py_ssize_t offset = type->tp_dictoffset;
    if (offset < 0) { // from the end, behind the items
        constexpr Py_ssize_t last = alignof(void*) - 1;
        offset += (type->tp_basicsize + std::abs(Py_SIZE(object)) * type->tp_itemsize + last) & ~last;
    }
    return offset != 0 ? *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + offset) : nullptr;
}

PyObject* borrowed_dict_of(PyObject* object) noexcept {
    PyObject* const dict = dict_there_is(object);
    return dict != nullptr && is_of_main(dict) ? dict : nullptr;
}

void note_dict_given(PyObject* object, PyObject* name, PyObject* dict) noexcept {
    if (!g_borrows_dicts && is_context_object(object) && is_of_main(dict) &&
        PyUnicode_CompareWithASCIIString(name, "__dict__") == 0) {
        g_borrows_dicts = true;
        if (const status looked = look_at_all_stores_to_dicts(); !looked) {
            PySys_FormatStderr("stores to objects that share a __dict__ with the main thread are not all seen (%s)\n",
                               looked.what().c_str());
        }
    }
}

void adopt_dict(PyObject* object, PyObject* dict) noexcept {
    if (is_context_object(object) || !is_context_object(dict) || !PyDict_Check(dict)) {
        return;
    }
    if (s_adopted == nullptr) {
        s_adopted = new std::unordered_map<PyObject*, PyObject*>;
        look_closer_at_dicts(); // from here on an address does not settle it for dicts: 3 ns more each
    }
    if (s_adopted->emplace(dict, object).second) {
        Py_INCREF(dict); // its address is not to be used again
    }
}

bool watch_instance_dicts(PyTypeObject* probe) noexcept {
    return watch<0>(probe, "__dict__") && watch<1>(&PyFunction_Type, "__annotations__") &&
           watch<2>(&PyType_Type, "__annotations__");
}

PyObject* adopted_by(PyObject* dict) noexcept {
    if (s_adopted == nullptr) {
        return nullptr;
    }
    const auto found = s_adopted->find(dict);
    return found != s_adopted->end() ? found->second : nullptr;
}

} // namespace xpar::guard
