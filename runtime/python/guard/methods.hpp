// Gates in methods and functions: what changes an object without passing through a slot of its type (list.append,
// heapq.heappush). Which those are is a table in the package (parallel.protection.effects); this puts gates in front of
// its entries.
#pragma once

#include <Python.h>

#include "runtime/python/guard/gate.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace xpar::guard {

// Functions and methods that Cython 3 makes are objects of a type of its own, which has the fields of a builtin
// function: seen by where the pointer lies that they are called through.
bool is_cython_function(PyObject* object) noexcept;

// In the main process. A list of tuples (module, type or None, name, operation, kind, subject, position, keyword or
// None) of str and int; kept for good. False with an error set.
bool know_methods(PyObject* table) noexcept;

// In the main process, before a batch is forked: looks for those of modules that have been imported since the last
// time. False if there are none.
bool find_methods() noexcept;

// Functions and types that imported modules do not have, and methods that can be given no gate.
std::set<std::string> missing_methods();

// Those that have been found, by their definitions.
std::vector<std::pair<const PyMethodDef*, const guarded*>> guarded_methods();

// In a zygote.
void guard_methods() noexcept;

// In a context, when a dict can be the main thread's although it lies here (instance_dicts.hpp).
void look_closer_at_dicts() noexcept;

} // namespace xpar::guard
