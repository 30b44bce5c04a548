#include "runtime/python/guard/instance_dicts.hpp"

#include "runtime/python/guard/gate.hpp"
#include "runtime/python/guard/methods.hpp"

#include <unordered_map>

namespace xpar::guard {
namespace {

getter s_original = nullptr;
std::unordered_map<PyObject*, PyObject*>* s_adopted = nullptr; // they live as long as their objects, which are never freed here

PyObject* get_dict(PyObject* object, void* closure) {
    PyObject* const dict = s_original(object, closure);
    if (dict != nullptr) {
        adopt_dict(object, dict);
    }
    return dict;
}

} // namespace

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
        s_original = shared->get;
        shared->get = get_dict;
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
