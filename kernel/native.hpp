// What the Python half of the kernel (python/xparallel_kernel) can ask of the C++ half: one object, given to it at its
// start. Every method may be called on any thread that holds the GIL, unless it says otherwise. In a forked child
// nothing is published: methods that would, return False, and the caller writes to the descriptor it has inherited
// instead.
#pragma once

#include "kernel/captured_output.hpp"
#include "kernel/server.hpp"

#include "pybind11/pybind11.h"

#include <optional>
#include <string>
#include <string_view>

namespace xpar {

// The header of a request, opaque to Python: what output belongs to.
struct output_parent {
    parent_ptr header;
};

class native {
public:
    native(server& of, captured_output& capture) : p_server(of), p_publisher(of.output()), p_capture(capture) {}

    // The Python object; it must not be used after `self` is gone.
    static pybind11::object bind(native& self);

    bool write(std::string_view stream, pybind11::handle text, const output_parent* parent);
    bool flush();
    bool flush_soon();
    bool publish(const std::string& type, pybind11::handle content, pybind11::handle metadata,
                 const output_parent* parent, pybind11::handle buffers);

    output_parent parent() const { return {p_publisher.parent()}; }
    void set_parent(const output_parent& parent);

    // Main thread, while a request is handled.
    void ask(const std::string& prompt, bool password);
    std::optional<std::string> try_answer();

    void wake() { p_server.wake(); }
    void stop() { p_server.stop(); }
    // A handler for signal.signal: raises KeyboardInterrupt when `is_due(frame)` says so.
    static pybind11::cpp_function interrupt_handler(pybind11::function is_due);

    void log(const std::string& text) const;

private:
    server& p_server;
    publisher& p_publisher;
    captured_output& p_capture;
};

} // namespace xpar
