#include "runtime/python/guard/instance_dicts.hpp"

#include "runtime/python/guard/gate.hpp"
#include "runtime/python/guard/interpreter.hpp"
#include "runtime/python/guard/methods.hpp"

#include <cstdlib>
#include <unordered_map>
#include <utility>

namespace xpar::guard {
namespace {

// Where CPython 3.11 keeps it, in pointers from the object (_PyObject_ManagedDictPointer, which its headers do not let
// C++ have).
constexpr int k_managed_dict = -3;

getter s_original = nullptr;
// they live as long as their objects, which are never freed here
std::unordered_map<PyObject*, PyObject*>* s_adopted = nullptr;

PyObject* get_dict(PyObject* object, void* closure) {
    PyObject* const dict = s_original(object, closure);
    if (dict != nullptr) {
        adopt_dict(object, dict);
    }
    return dict;
}

} // namespace

constinit bool g_borrows_dicts = false;

PyObject* dict_there_is(PyObject* object) noexcept {
    PyTypeObject* const type = Py_TYPE(object);
    if ((type->tp_flags & Py_TPFLAGS_MANAGED_DICT) != 0) {
        return reinterpret_cast<PyObject**>(object)[k_managed_dict];
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
    PyObject* const descriptor = PyDict_GetItemString(probe->tp_dict, "__dict__");
    if (descriptor == nullptr || !Py_IS_TYPE(descriptor, &PyGetSetDescr_Type)) {
        return false;
    }
    PyGetSetDef* const shared = reinterpret_cast<PyGetSetDescrObject*>(descriptor)->d_getset;
    if (shared->get != get_dict) {
        s_original = std::exchange(shared->get, get_dict);
    }
    return true;
}

PyObject* adopted_by(PyObject* dict) noexcept {
    if (s_adopted == nullptr) {
        return nullptr;
    }
    const auto found = s_adopted->find(dict);
    return found != s_adopted->end() ? found->second : nullptr;
}

} // namespace xpar::guard
