// What calls of functions, types and methods of C code do, as twins look it up: the table of methods (methods.hpp), and
// beside it what gates of types see in a patched interpreter (parallel/protection/twins/callees.py).
#pragma once

#include <Python.h>

#include "runtime/python/guard/gate.hpp"

#include <cstdint>
#include <string_view>

namespace xpar::guard {

// What a call does to its first argument, beyond what the table of methods says. As in
// parallel/protection/twins/callees.py.
enum class effect : std::uint8_t {
    nothing,
    attribute,     // setattr(x, name, v)
    item,          // operator.setitem(x, k, v)
    in_place,      // operator.iadd(x, v); `number` says which
    advances,      // next(x)
    iterates,      // all arguments from `number` on: sum(x), zip(x, y)
    instance_dict, // vars(x)
    get_attribute, // getattr(x, name)
    run,           // exec(source), eval(source): twins of it
    compile,
    changes, // argument `number`, of a function in Python that numpy has in front of one in C
    streams, // argument `number`, or `keyword`, is written to as a file is
    ufunc,   // numpy's: what follows `number` inputs is written to
    init,
    descriptor, // descriptor.__set__(object, value)
};

struct rule {
    const guarded* method = nullptr;
    effect what = effect::nothing;
    int number = 0;
    const char* keyword = nullptr;
    PyObject* ready = nullptr; // what looks at its arguments, for a type or a function of a module: the same each time
    bool is_slot = false;      // list.__setitem__ and its like go past what a subclass has in Python
};

// By a function or type, or by the definition of a method; null where nothing is known.
const rule* rule_of(const void* key) noexcept;

// Of `list.__setitem__` and its like, by their names.
rule rule_of_slot(std::string_view name) noexcept;

// Of what is called without an object: a type, a function of a module; null where nothing is known.
const rule* rule_of_unbound(PyObject* callee) noexcept;

bool is_function_of_module(PyObject* object) noexcept;

// For `_core.guard_know_callees`: a list of (function, type or method; effect; number; keyword or None). Kept for good.
PyObject* know_callees(PyObject* module, PyObject* table) noexcept;

} // namespace xpar::guard
