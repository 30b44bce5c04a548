// What CPython keeps of lists and dicts that have died, for the next ones.
#pragma once

#include <Python.h>

namespace xpar::guard {

// In a zygote, whose free lists are empty: no list or dict of the snapshot is handed out as new in a context.
void keep_free_lists_clean() noexcept;

} // namespace xpar::guard
