#include "runtime/python/clone/failure.hpp"

#include "runtime/python/clone/scratch.hpp"
#include "runtime/python/glue/compat.hpp"
#include "runtime/python/glue/error.hpp"
#include "runtime/python/glue/reference.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

namespace xpar::clone {
namespace {

constexpr std::size_t k_max_nodes = 1'000'000; // containers looked through before the place is left out of the text
constexpr std::size_t k_shown_levels = 4;      // of nesting, the innermost ones

// Looks for an object in builtin containers, breadth first: the shortest way is the one a reader understands.
// No Python code runs meanwhile, so pointers are borrowed.
class place_search {
public:
    // Where `wanted` is, from the root inwards, e.g. "in a dict, at key 'x', in a list, at item 3".
    // An empty reference without an error set: it is the root itself, or was not found.
    reference find(PyObject* root, PyObject* wanted) {
        if (root == wanted) {
            return {};
        }
        p_wanted = wanted;
        m_nodes.push_back({root, 0, nullptr, nullptr, 0});
        m_seen.find_or_insert(root, 0);
        for (std::size_t at = 0; at < m_nodes.size() && m_nodes.size() < k_max_nodes; ++at) {
            if (look_into(at)) {
                return text_of_last();
            }
        }
        return {};
    }

private:
    struct node {
        PyObject* object;
        std::size_t parent; // index of the container's node
        const char* form;   // text for the way from there, with a place for key or index
        PyObject* key;
        Py_ssize_t index;
    };

    // True if the node added last is the wanted object.
    bool look_into(std::size_t at) {
        PyObject* const container = m_nodes[at].object;
        Py_ssize_t position = 0;
        if (PyList_CheckExact(container)) {
            for (; position < PyList_GET_SIZE(container); ++position) {
                if (add({PyList_GET_ITEM(container, position), at, "in a list, at item %zd", nullptr, position})) {
                    return true;
                }
            }
        } else if (PyTuple_CheckExact(container)) {
            for (; position < PyTuple_GET_SIZE(container); ++position) {
                if (add({PyTuple_GET_ITEM(container, position), at, "in a tuple, at item %zd", nullptr, position})) {
                    return true;
                }
            }
        } else if (PyDict_CheckExact(container)) {
            PyObject* key = nullptr;
            PyObject* value = nullptr;
            while (PyDict_Next(container, &position, &key, &value) != 0) {
                if (add({key, at, "in a dict, as a key", nullptr, 0}) ||
                    add({value, at, "in a dict, at key %.60R", key, 0})) {
                    return true;
                }
            }
        } else if (PyAnySet_CheckExact(container)) {
            PyObject* item = nullptr;
            while (next_of_set(container, position, item)) {
                if (add({item, at, "in a set", nullptr, 0})) {
                    return true;
                }
            }
        }
        return false;
    }

    bool add(const node& child) {
        const bool is_wanted = child.object == p_wanted;
        const bool is_container = PyList_CheckExact(child.object) || PyTuple_CheckExact(child.object) ||
                                  PyDict_CheckExact(child.object) || PyAnySet_CheckExact(child.object);
        if (is_wanted || (is_container && m_seen.find_or_insert(child.object, 0) == pointer_map::k_absent)) {
            m_nodes.push_back(child);
        }
        return is_wanted;
    }

    reference text_of_last() const {
        std::vector<std::size_t> way;
        for (std::size_t at = m_nodes.size() - 1; at != 0 && way.size() < k_shown_levels; at = m_nodes[at].parent) {
            way.push_back(at);
        }
        const bool is_whole = m_nodes[way.back()].parent == 0;
        reference text(PyUnicode_FromString(is_whole ? "" : "..., "));
        for (auto at = way.rbegin(); text && at != way.rend(); ++at) {
            const reference step = text_of(m_nodes[*at]);
            text = reference(step ? PyUnicode_FromFormat(at == way.rbegin() ? "%U%U" : "%U, %U", text.get(), step.get())
                                  : nullptr);
        }
        return text;
    }

    static reference text_of(const node& of) {
        if (of.key == nullptr) {
            return reference(PyUnicode_FromFormat(of.form, of.index));
        }
        // The repr of other keys may be user code. That of an int has a limit of digits.
        if (PyUnicode_CheckExact(of.key) || PyLong_CheckExact(of.key)) {
            if (reference text(PyUnicode_FromFormat(of.form, of.key)); text) {
                return text;
            }
            if (PyErr_ExceptionMatches(PyExc_ValueError) == 0) {
                return {};
            }
            PyErr_Clear();
        }
        return reference(PyUnicode_FromString("in a dict, as a value"));
    }

    PyObject* p_wanted = nullptr;
    std::vector<node> m_nodes;
    pointer_map m_seen;
};

// As tracebacks name types: without the module where that is builtins or __main__.
reference name_of(PyTypeObject* type) {
    const reference module(PyObject_GetAttrString(reinterpret_cast<PyObject*>(type), "__module__"));
    reference name(PyType_GetQualName(type));
    if (!module || !name) {
        return {};
    }
    if (!PyUnicode_Check(module.get()) || PyUnicode_CompareWithASCIIString(module.get(), "builtins") == 0 ||
        PyUnicode_CompareWithASCIIString(module.get(), "__main__") == 0) {
        return name;
    }
    return reference(PyUnicode_FromFormat("%U.%U", module.get(), name.get()));
}

// New reference to the error, or nullptr with another one set.
reference make_error(PyTypeObject* type, const reference& where) {
    const reference name = name_of(type);
    const reference text(
        !name   ? nullptr
        : where ? PyUnicode_FromFormat("objects of type %U cannot be pushed to xlists (%U)", name.get(), where.get())
                : PyUnicode_FromFormat("objects of type %U cannot be pushed to xlists", name.get()));
    return reference(text ? PyObject_CallOneArg(PyExc_ValueError, text.get()) : nullptr);
}

} // namespace

void set_cannot_clone(PyObject* root, PyObject* culprit) noexcept {
    if (PyErr_ExceptionMatches(PyExc_Exception) == 0 || PyErr_ExceptionMatches(PyExc_MemoryError) != 0) {
        return;
    }
    reference cause = take_exception();

    reference where;
    try {
        where = place_search().find(root, culprit == nullptr ? root : culprit);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    }
    if (PyErr_Occurred() != nullptr) {
        return;
    }
    reference type_held = reference::to(reinterpret_cast<PyObject*>(Py_TYPE(culprit == nullptr ? root : culprit)));
    const reference error = make_error(reinterpret_cast<PyTypeObject*>(type_held.get()), where);
    if (error) {
        PyException_SetContext(error.get(), Py_NewRef(cause.get()));
        PyException_SetCause(error.get(), cause.give());
        PyErr_SetObject(PyExc_ValueError, error.get());
    }
}

} // namespace xpar::clone
