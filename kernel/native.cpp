#include "kernel/native.hpp"

#include "kernel/json_bridge.hpp"
#include "kernel/own_descriptors.hpp"

#include "pybind11/stl.h"

#include <iostream>

namespace xpar {

namespace nl = nlohmann;
namespace py = pybind11;

namespace {

// A prompt answer is looked for this often; signals end the wait at once.
constexpr std::chrono::milliseconds k_answer_patience{100};

} // namespace

bool native::write(std::string_view stream, py::handle text, const output_parent* parent) {
    const std::string bytes = to_utf8(text);
    p_capture.drain(); // also before text of a work: it may have been started after the descriptor was written to
    return p_publisher.write(stream, bytes, parent != nullptr ? parent->header : nullptr);
}

bool native::flush() {
    p_capture.drain();
    return p_publisher.flush();
}

bool native::flush_soon() {
    p_capture.drain();
    return p_publisher.flush_soon();
}

bool native::publish(const std::string& type, py::handle content, py::handle metadata, const output_parent* parent,
                     py::handle buffers) {
    p_capture.drain();
    const parent_ptr header = parent != nullptr ? parent->header : p_publisher.parent();
    return p_publisher.publish(type, *header, metadata.is_none() ? nl::json::object() : to_json(metadata),
                               to_json(content), to_buffers(buffers));
}

void native::set_parent(const output_parent& parent) {
    p_capture.drain(); // what is in the pipes was written for the one before
    p_publisher.set_parent(parent.header);
}

void native::ask(const std::string& prompt, bool password) {
    flush();
    p_server.ask(prompt, password);
}

std::optional<std::string> native::try_answer() {
    const py::gil_scoped_release unlocked;
    return p_server.try_answer(k_answer_patience);
}

void native::log(const std::string& text) const {
    std::clog << text;
}

// Written in C++ so that no frame of the kernel is in the tracebacks of interrupted cells.
py::cpp_function native::interrupt_handler(py::function is_due) {
    return {[is_due = std::move(is_due)](py::handle, py::handle frame) {
        if (py::cast<bool>(is_due(frame))) {
            PyErr_SetNone(PyExc_KeyboardInterrupt);
            throw py::error_already_set();
        }
    }};
}

py::object native::bind(native& self) {
    // pybind11 keeps the definition of a module by address, for as long as the interpreter lives.
    static py::module_::module_def definition;
    py::module_ module = py::module_::create_extension_module("_xparallel", nullptr, &definition);

    py::class_<output_parent>(module, "Parent", "The request that output belongs to.")
        .def(py::init(
            [](const py::dict& header) { return output_parent{std::make_shared<const nl::json>(to_json(header))}; }))
        .def("__eq__", [](const output_parent& one, const output_parent& other) { return one.header == other.header; })
        .def_property_readonly("header", [](const output_parent& parent) { return to_python(*parent.header); });

    const auto no_parent = py::arg("parent") = py::none();
    py::class_<native>(module, "Native", "The C++ half of the kernel.")
        .def("write", &native::write, py::arg("stream"), py::arg("text"), no_parent)
        .def("flush", &native::flush)
        .def("flush_soon", &native::flush_soon)
        .def("publish", &native::publish, py::arg("type"), py::arg("content"), py::arg("metadata") = py::none(),
             no_parent, py::arg("buffers") = py::none())
        .def("parent", &native::parent)
        .def("set_parent", &native::set_parent, py::arg("parent"))
        .def("ask", &native::ask, py::arg("prompt"), py::arg("password"))
        .def("try_answer", &native::try_answer)
        .def("wake", &native::wake)
        .def("stop", &native::stop)
        .def_static("interrupt_handler", &native::interrupt_handler, py::arg("is_due"))
        .def("log", &native::log, py::arg("text"))
        .def_static("add_own_descriptors", add_own_descriptors)
        .def_static("note_other_descriptors", note_other_descriptors);
    return py::cast(self, py::return_value_policy::reference);
}

} // namespace xpar
