#include "runtime/python/guard/user_walk.hpp"

#include "runtime/python/glue/compat.hpp"
#include "runtime/python/glue/context_allocator.hpp"
#include "runtime/python/glue/loaded_type.hpp"
#include "runtime/python/guard/frames.hpp"
#include "runtime/python/guard/instance_dicts.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace xpar::guard {
namespace {

constexpr std::uint32_t k_looks_between_questions = 256;
constexpr std::uint32_t k_no_parent = std::numeric_limits<std::uint32_t>::max();

bool is_of_module(PyTypeObject* type, const char* module) noexcept {
    PyObject* const name = PyDict_GetItemString(dict_of(type), "__module__");
    if (name != nullptr && PyUnicode_Check(name)) {
        return PyUnicode_CompareWithASCIIString(name, module) == 0;
    }
    const std::size_t length = std::strlen(module);
    return std::strncmp(type->tp_name, module, length) == 0 && type->tp_name[length] == '.';
}

bool is_main(PyObject* module_dict) noexcept {
    PyObject* const name = PyDict_GetItemString(module_dict, "__name__");
    return name != nullptr && PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, "__main__") == 0;
}

bool is_dunder(PyObject* name) noexcept {
    return PyUnicode_Check(name) && PyUnicode_GET_LENGTH(name) > 1 && PyUnicode_READ_CHAR(name, 0) == '_' &&
           PyUnicode_READ_CHAR(name, 1) == '_';
}

bool is_a(PyTypeObject* type, PyTypeObject* base) noexcept {
    return base != nullptr && PyType_IsSubtype(type, base) != 0;
}

} // namespace

user_walk::user_walk() noexcept : m_deque(loaded_type("_collections", "deque")) {}

void user_walk::run() {
    std::vector<PyObject*> namespaces = find_user_modules();
    std::stable_partition(namespaces.begin(), namespaces.end(), is_main);
    for (PyObject* const each : namespaces) {
        m_nodes.push_back({each, k_no_parent});
        m_seen.insert(each);
    }
    for (m_at = 0; m_at < namespaces.size() && !m_is_over; ++m_at) {
        m_waiting = is_main(namespaces[m_at]) ? &m_of_main : &m_of_others;
        look_into_namespace(namespaces[m_at]);
    }
    for (std::vector<std::uint32_t>* const waiting : {&m_of_main, &m_of_others}) {
        m_waiting = waiting;
        for (std::size_t i = 0; i < waiting->size() && !m_is_over; ++i) { // it grows meanwhile
            m_at = (*waiting)[i];
            look_into(m_nodes[m_at].object);
        }
    }
}

std::vector<PyObject*> user_walk::way() const {
    std::vector<PyObject*> found;
    for (std::uint32_t at = m_at; at != k_no_parent; at = m_nodes[at].parent) {
        found.push_back(m_nodes[at].object);
    }
    std::reverse(found.begin(), found.end());
    return found;
}

void user_walk::look_into_namespace(PyObject* dict) {
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    for (Py_ssize_t at = 0; !m_is_over && PyDict_Next(dict, &at, &key, &value) != 0;) {
        if (!is_dunder(key)) {
            look_at(value);
        }
    }
}

void user_walk::look_into(PyObject* object) {
    PyTypeObject* const type = Py_TYPE(object);
    const kind of = kind_of(type);
    m_leads_on = of.leads_on;
    m_holds_own = false;
    look_into_items(object);
    if (of.is_container) {
        has_looked_into(object, m_holds_own);
    }
    if (of.leads_on && is_user_type(type)) {
        look_into_attributes(object);
    }
}

// A new one is none that was put into a container: cached_property makes them.
void user_walk::look_into_attributes(PyObject* object) {
    if (PyObject* const dict = dict_there_is(object); dict != nullptr && m_seen.insert(dict)) {
        look_into_items(dict);
    }
    if (PyObject_IS_GC(object) != 0) {
        Py_TYPE(object)->tp_traverse(object, visit, this);
    }
}

void user_walk::look_into_items(PyObject* object) {
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    if (PyDict_Check(object)) {
        for (Py_ssize_t at = 0; !m_is_over && PyDict_Next(object, &at, &key, &value) != 0;) {
            m_holds_own = m_holds_own || is_context_object(key);
            look_at(value);
        }
    } else if (PyList_Check(object)) {
        look_at_all(reinterpret_cast<PyListObject*>(object)->ob_item, PyList_GET_SIZE(object));
    } else if (PyTuple_Check(object)) {
        look_at_all(reinterpret_cast<PyTupleObject*>(object)->ob_item, PyTuple_GET_SIZE(object));
    } else if (PySet_Check(object)) { // nothing below can be changed
        for (Py_ssize_t at = 0; !m_holds_own && next_of_set(object, at, key);) {
            m_holds_own = is_context_object(key);
        }
    } else if (PyFunction_Check(object)) {
        look_into_function(object);
    } else if (is_a(Py_TYPE(object), m_deque)) {
        m_deque->tp_traverse(object, visit, this);
    }
}

// Not its globals, which are the module's.
void user_walk::look_into_function(PyObject* object) {
    const auto& function = *reinterpret_cast<PyFunctionObject*>(object);
    if (function.func_defaults != nullptr) {
        look_at_all(reinterpret_cast<PyTupleObject*>(function.func_defaults)->ob_item,
                    PyTuple_GET_SIZE(function.func_defaults));
    }
    for (Py_ssize_t i = 0; function.func_closure != nullptr && i < PyTuple_GET_SIZE(function.func_closure); ++i) {
        look_at(PyCell_GET(PyTuple_GET_ITEM(function.func_closure, i)));
    }
}

void user_walk::look_at_all(PyObject* const* items, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count && !m_is_over; ++i) {
        look_at(items[i]);
    }
}

int user_walk::visit(PyObject* object, void* self_as_void) {
    auto& self = *static_cast<user_walk*>(self_as_void);
    self.look_at(object);
    return self.m_is_over ? 1 : 0;
}

void user_walk::look_at(PyObject* object) {
    if (++m_looks % k_looks_between_questions == 0) {
        m_is_over = is_over();
    }
    if (object == nullptr) {
        return;
    }
    if (is_context_object(object)) {
        m_holds_own = true;
        return;
    }
    PyTypeObject* const type = Py_TYPE(object);
    if (!m_leads_on || type == &PyUnicode_Type || type == &PyLong_Type || type == &PyFloat_Type) {
        return;
    }
    meet(object);
    const kind of = kind_of(type);
    if ((of.is_container || of.leads_on) && m_seen.insert(object)) {
        m_waiting->push_back(static_cast<std::uint32_t>(m_nodes.size()));
        m_nodes.push_back({object, m_at});
    }
}

user_walk::kind user_walk::kind_of(PyTypeObject* type) {
    if (type != m_last_type) {
        const auto [known, is_new] = m_kinds.try_emplace(type);
        if (is_new) {
            known->second = read_kind(type);
        }
        m_last_type = type;
        m_last_kind = known->second;
    }
    return m_last_kind;
}

user_walk::kind user_walk::read_kind(PyTypeObject* type) const {
    if (is_a(type, &PyModule_Type) || is_a(type, reinterpret_cast<PyTypeObject*>(PyExc_BaseException))) {
        return {};
    }
    const bool holds_items = is_a(type, &PyDict_Type) || is_a(type, &PyList_Type) || is_a(type, m_deque);
    const bool is_plain =
        type == &PyDict_Type || type == &PyList_Type || type == &PyTuple_Type || type == &PyFunction_Type;
    return {.is_container = holds_items || is_a(type, &PySet_Type),
            .leads_on = is_plain || (holds_items && is_of_module(type, "collections")) || is_user_type(type)};
}

} // namespace xpar::guard
