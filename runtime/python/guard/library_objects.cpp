#include "runtime/python/guard/library_objects.hpp"

#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/guard/address_set.hpp"
#include "runtime/python/guard/frames.hpp"

#include <memory>
#include <vector>

namespace xpar::guard {
namespace {

constexpr std::size_t k_room = 1 << 15; // numpy alone holds more

class walk {
public:
    walk() {
        PyObject* const modules = PyImport_GetModuleDict();
        std::vector<PyObject*> roots{reinterpret_cast<PyObject*>(&PyBaseObject_Type)};
        m_seen.insert(modules); // written by the import machinery alone, and it leads to every module
        m_found.insert(modules);
        PyObject* module = nullptr;
        PyObject* key = nullptr;
        for (Py_ssize_t at = 0; PyDict_Next(modules, &at, &key, &module) != 0;) {
            if (!PyModule_Check(module)) {
                continue; // a lazy loader: reached from elsewhere, or not at all
            }
            PyObject* const dict = PyModule_GetDict(module);
            const origin whose = origin_of_module(dict);
            if (whose == origin::user || whose == origin::own) {
                m_seen.insert(module);
                m_seen.insert(dict);
                keep_out(dict, whose);
            } else {
                roots.push_back(module);
            }
        }
        for (PyObject* const root : roots) {
            visit(root, this);
        }
        while (!m_waiting.empty()) {
            PyObject* const object = m_waiting.back();
            m_waiting.pop_back();
            Py_TYPE(object)->tp_traverse(object, visit, this);
        }
        m_waiting.shrink_to_fit();
    }

    bool found(PyObject* object) { return m_found.contains(object); }

private:
    // What the user has a name for is the user's, even where a library holds it as well (IPython's record of outputs
    // does).
    void keep_out(PyObject* dict, origin whose) {
        PyObject* key = nullptr;
        PyObject* value = nullptr;
        for (Py_ssize_t at = 0; whose == origin::user && PyDict_Next(dict, &at, &key, &value) != 0;) {
            if (PyList_CheckExact(value) || PyDict_CheckExact(value) || PySet_Check(value) ||
                is_user_type(Py_TYPE(value))) {
                m_seen.insert(value);
            }
        }
    }

    static bool leads_to_the_user(PyObject* object) {
        if (PyFrame_Check(object) || PyTraceBack_Check(object)) {
            return true;
        }
        if (PyFunction_Check(object)) {
            const auto* const function = reinterpret_cast<PyFunctionObject*>(object);
            return origin_of(reinterpret_cast<PyCodeObject*>(function->func_code), function->func_globals) ==
                   origin::user;
        }
        return PyType_Check(object) ? is_user_type(reinterpret_cast<PyTypeObject*>(object))
                                    : is_user_type(Py_TYPE(object));
    }

    static int visit(PyObject* object, void* self_as_void) {
        walk& self = *static_cast<walk*>(self_as_void);
        if (object == nullptr || is_context_object(object)) {
            return 0;
        }
        PyTypeObject* const type = Py_TYPE(object);
        if (type == &PyUnicode_Type || type == &PyLong_Type || type == &PyFloat_Type || type == &PyBytes_Type ||
            type == &PyCode_Type) {
            return 0;
        }
        if (!self.m_seen.insert(object) || leads_to_the_user(object)) {
            return 0;
        }
        self.m_found.insert(object);
        if (PyObject_IS_GC(object) && type->tp_traverse != nullptr) {
            self.m_waiting.push_back(object);
        }
        return 0;
    }

    address_set m_seen{k_room};  // never to be looked at again
    address_set m_found{k_room}; // the part of it that is the libraries'
    std::vector<PyObject*> m_waiting;
};

std::unique_ptr<walk> s_walk;

} // namespace

bool is_library_object(PyObject* object) noexcept {
    if (!s_walk) {
        s_walk = std::make_unique<walk>();
    }
    return s_walk->found(object);
}

void forget_library_objects() noexcept {
    s_walk.reset();
}

} // namespace xpar::guard
