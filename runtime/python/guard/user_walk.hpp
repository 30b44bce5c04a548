// A walk over the objects that the user's modules lead to: what they have names for, then what those of the main one
// lead to, nearest first, then the same of the others. It goes through dicts, lists, tuples, what there is of them in
// `collections`, functions, and instances of the user's classes. What libraries keep in objects of theirs is their
// business.
//
// It reads pointers and writes to no object: counting a reference copies the page, which takes as long as reading 40
// objects. No Python code runs meanwhile.
#pragma once

#include <Python.h>

#include "runtime/python/guard/address_set.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace xpar::guard {

class user_walk {
public:
    user_walk() noexcept;
    user_walk(const user_walk&) = delete;
    user_walk& operator=(const user_walk&) = delete;

    void run();

protected:
    ~user_walk() = default;

    // Something of the main thread's that is no str, int or float; the same object more than once.
    virtual void meet(PyObject* /*object*/) {}
    // A list, dict, set or deque, when all it holds has been looked at: did this context make any of that? (What an
    // OrderedDict knows of its order does not count.)
    virtual void has_looked_into(PyObject* /*container*/, bool /*holds_own*/) {}
    // Asked after every 256 objects.
    virtual bool is_over() noexcept = 0;

    // From the dict of a module to the object that is looked into; all borrowed.
    std::vector<PyObject*> way() const;

private:
    struct kind {
        bool is_container = false;
        bool leads_on = false;
    };
    struct node {
        PyObject* object;
        std::uint32_t parent;
    };

    static int visit(PyObject* object, void* self_as_void);
    void look_into(PyObject* object);
    void look_into_namespace(PyObject* dict);
    void look_into_items(PyObject* object);
    void look_into_attributes(PyObject* object);
    void look_into_function(PyObject* object);
    void look_at_all(PyObject* const* items, Py_ssize_t count);
    void look_at(PyObject* object);
    kind kind_of(PyTypeObject* type);
    kind read_kind(PyTypeObject* type) const;

    PyTypeObject* const m_deque;
    std::vector<node> m_nodes;
    std::uint32_t m_at = 0;               // the one that is looked into
    std::vector<std::uint32_t> m_of_main; // nodes to be looked into, in this order
    std::vector<std::uint32_t> m_of_others;
    std::vector<std::uint32_t>* m_waiting = nullptr; // where what is found now has to wait
    address_set m_seen{1 << 9};
    std::unordered_map<PyTypeObject*, kind> m_kinds;
    PyTypeObject* m_last_type = nullptr;
    kind m_last_kind;
    bool m_leads_on = true;
    bool m_holds_own = false;
    bool m_is_over = false;
    std::uint32_t m_looks = 0;
};

} // namespace xpar::guard
