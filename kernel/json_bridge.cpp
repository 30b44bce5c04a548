#include "kernel/json_bridge.hpp"

namespace xpar {

namespace nl = nlohmann;
namespace py = pybind11;

namespace {

// Turns the recursion of a cyclic container into a RecursionError instead of a stack overflow.
class recursion_guard {
public:
    recursion_guard() {
        if (Py_EnterRecursiveCall(" while writing a message") != 0) {
            throw py::error_already_set();
        }
    }
    ~recursion_guard() { Py_LeaveRecursiveCall(); }
    recursion_guard(const recursion_guard&) = delete;
    recursion_guard& operator=(const recursion_guard&) = delete;
};

nl::json from_int(py::handle value) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    if (overflow == 0) {
        return number;
    }
    if (overflow > 0) {
        const unsigned long long large = PyLong_AsUnsignedLongLong(value.ptr());
        if (PyErr_Occurred() == nullptr) {
            return large;
        }
        PyErr_Clear();
    }
    const double nearest = PyLong_AsDouble(value.ptr());
    if (PyErr_Occurred() != nullptr) {
        PyErr_Clear(); // beyond the doubles
        return to_utf8(py::str(value));
    }
    return nearest;
}

nl::json from_mapping(py::handle value) {
    nl::json result = nl::json::object();
    const py::object items = value.attr("items")();
    for (const py::handle item : items) {
        const py::tuple pair = py::reinterpret_borrow<py::object>(item);
        result[to_utf8(py::isinstance<py::str>(pair[0]) ? py::object(pair[0]) : py::str(pair[0]))] = to_json(pair[1]);
    }
    return result;
}

nl::json from_iterable(py::handle value) {
    nl::json result = nl::json::array();
    for (const py::handle item : value) {
        result.push_back(to_json(item));
    }
    return result;
}

std::string to_base64(py::handle value) {
    const py::object encoded = py::module_::import("binascii").attr("b2a_base64")(value, py::arg("newline") = false);
    return py::cast<std::string>(encoded);
}

} // namespace

std::string to_utf8(py::handle text) {
    Py_ssize_t size = 0;
    const char* const data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
    if (data != nullptr) {
        return {data, static_cast<std::size_t>(size)};
    }
    PyErr_Clear();
    const py::object encoded =
        py::reinterpret_steal<py::object>(PyUnicode_AsEncodedString(text.ptr(), "utf-8", "replace"));
    if (!encoded) {
        throw py::error_already_set(); // not a str
    }
    return {PyBytes_AS_STRING(encoded.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(encoded.ptr()))};
}

nl::json to_json(py::handle value) {
    PyObject* const object = value.ptr();
    if (value.is_none()) {
        return nullptr;
    }
    if (PyBool_Check(object)) {
        return object == Py_True;
    }
    if (PyUnicode_Check(object)) {
        return to_utf8(value);
    }
    if (PyLong_Check(object)) {
        return from_int(value);
    }
    if (PyFloat_Check(object)) {
        return PyFloat_AS_DOUBLE(object); // not a number and infinity are written as null
    }
    if (PyBytes_Check(object) || PyByteArray_Check(object) || PyMemoryView_Check(object)) {
        return to_base64(value);
    }
    const recursion_guard guard;
    if (PyDict_Check(object) || (py::hasattr(value, "items") && py::hasattr(value, "keys"))) {
        return from_mapping(value);
    }
    if (PyList_Check(object) || PyTuple_Check(object) || PyAnySet_Check(object)) {
        return from_iterable(value);
    }
    if (PyIndex_Check(object)) {
        return from_int(py::reinterpret_steal<py::object>(PyNumber_Index(object)));
    }
    if (py::hasattr(value, "__float__")) {
        return py::cast<double>(py::float_(py::reinterpret_borrow<py::object>(value)));
    }
    if (py::hasattr(value, "isoformat")) {
        return to_utf8(value.attr("isoformat")());
    }
    if (py::hasattr(value, "__iter__")) {
        return from_iterable(value);
    }
    PyErr_Format(PyExc_TypeError, "a message cannot hold an object of type %s", Py_TYPE(object)->tp_name);
    throw py::error_already_set();
}

py::object to_python(const nl::json& value) {
    switch (value.type()) {
    case nl::json::value_t::boolean:
        return py::bool_(value.get<bool>());
    case nl::json::value_t::number_integer:
        return py::int_(value.get<std::int64_t>());
    case nl::json::value_t::number_unsigned:
        return py::int_(value.get<std::uint64_t>());
    case nl::json::value_t::number_float:
        return py::float_(value.get<double>());
    case nl::json::value_t::string:
        return py::str(value.get_ref<const std::string&>());
    case nl::json::value_t::array: {
        py::list result;
        for (const nl::json& item : value) {
            result.append(to_python(item));
        }
        return result;
    }
    case nl::json::value_t::object: {
        py::dict result;
        for (const auto& [key, item] : value.items()) {
            result[py::str(key)] = to_python(item);
        }
        return result;
    }
    default:
        return py::none();
    }
}

xeus::buffer_sequence to_buffers(py::handle buffers) {
    xeus::buffer_sequence result;
    if (buffers.is_none()) {
        return result;
    }
    for (const py::handle buffer : buffers) {
        const auto bytes = py::reinterpret_steal<py::object>(PyBytes_FromObject(buffer.ptr()));
        if (!bytes) {
            throw py::error_already_set();
        }
        const char* const data = PyBytes_AS_STRING(bytes.ptr());
        result.emplace_back(data, data + PyBytes_GET_SIZE(bytes.ptr()));
    }
    return result;
}

py::list to_memoryviews(const xeus::buffer_sequence& buffers) {
    py::list result;
    for (const xeus::binary_buffer& buffer : buffers) {
        result.append(py::memoryview(py::bytes(buffer.data(), buffer.size())));
    }
    return result;
}

} // namespace xpar
