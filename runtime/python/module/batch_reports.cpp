#include "runtime/python/module/batch_object.hpp"

#include <cstring>

namespace xpar {
namespace {

PyObject* report_to_python(PyObject* object, std::uint64_t report) {
    if (kind_of(report) == report_kind::work_ended) {
        return Py_BuildValue("(sK)", "ended", static_cast<unsigned long long>(work_of(report)));
    }
    engine& e = engine::get();
    const auto* const record = e.memory().as<const report_record_shm>(record_of(report));
    const auto subject = static_cast<unsigned long long>(record->subject);
    std::uint64_t value = 0;
    switch (record->kind) {
    case record_kind::stdout_text:
    case record_kind::stderr_text:
        return Py_BuildValue("(sKN)", record->kind == record_kind::stdout_text ? "stdout" : "stderr", subject,
                             PyUnicode_DecodeUTF8(record->body(), static_cast<Py_ssize_t>(record->size), "replace"));
    case record_kind::last_output:
        return Py_BuildValue("(sKN)", "last_output", subject,
                             PyUnicode_DecodeUTF8(record->body(), static_cast<Py_ssize_t>(record->size), "replace"));
    case record_kind::message:
        std::memcpy(&value, record->body(), sizeof value);
        return Py_BuildValue("(sKN)", "message", subject, e.clone_out(value, object));
    case record_kind::item_failed:
        std::memcpy(&value, record->body(), sizeof value);
        return Py_BuildValue("(sKN)", "item_failed", subject, e.clone_out(value, object));
    case record_kind::item_crashed:
        std::memcpy(&value, record->body(), sizeof value);
        return Py_BuildValue("(sKK)", "item_crashed", subject, static_cast<unsigned long long>(value));
    case record_kind::heap_census:
        std::memcpy(&value, record->body(), sizeof value);
        return Py_BuildValue("(sKN)", "heap_census", subject, e.clone_out(value, object));
    }
    PyErr_SetString(PyExc_SystemError, "unknown report of a batch");
    return nullptr;
}

} // namespace

PyObject* batch_reports(PyObject* object, PyObject* limit) {
    batch_object* const self = as_batch(object);
    unsigned long long left = PyLong_AsUnsignedLongLong(limit);
    if (PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    reference read(PyList_New(0));
    const interlocked_list reports = handle_of(self).reports();
    for (; read && left > 0; --left) {
        const std::uint64_t report = reports.load(self->reports_read);
        if (report == k_empty) {
            break;
        }
        ++self->reports_read;
        const reference item(report_to_python(object, report));
        if (!item || PyList_Append(read.get(), item.get()) < 0) {
            return nullptr;
        }
    }
    return read.give();
}

} // namespace xpar
