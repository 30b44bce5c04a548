// `_core.WorkList`: works that wait for their batch, and what each calls. The package derives `Pending` from it.
#pragma once

#include <Python.h>

namespace xpar {

bool add_work_list_type(PyObject* module);

} // namespace xpar
