#include "kernel/connection_file.hpp"

#include "nlohmann/json.hpp"

#include <fstream>
#include <stdexcept>

namespace xpar {

namespace nl = nlohmann;

namespace {

std::string text(const nl::json& file, const char* key) {
    const auto found = file.find(key);
    if (found == file.end() || !found->is_string()) {
        throw std::runtime_error(std::string(key) + " is missing, or no text");
    }
    return found->get<std::string>();
}

std::string port(const nl::json& file, const char* key) {
    const auto found = file.find(key);
    if (found == file.end() || !found->is_number_integer()) {
        throw std::runtime_error(std::string(key) + " is missing, or no number");
    }
    return std::to_string(found->get<int>());
}

configuration read(const std::string& name) {
    std::ifstream stream(name);
    if (!stream) {
        throw std::runtime_error("it cannot be read");
    }
    const nl::json file = nl::json::parse(stream, nullptr, false);
    if (!file.is_object()) {
        throw std::runtime_error("it is no JSON object");
    }
    configuration config;
    config.m_transport = text(file, "transport");
    config.m_ip = text(file, "ip");
    config.m_control_port = port(file, "control_port");
    config.m_shell_port = port(file, "shell_port");
    config.m_stdin_port = port(file, "stdin_port");
    config.m_iopub_port = port(file, "iopub_port");
    config.m_hb_port = port(file, "hb_port");
    config.m_signature_scheme = text(file, "signature_scheme");
    config.m_key = text(file, "key");
    if (config.m_key.empty()) {
        config.m_signature_scheme = "none"; // xeus would make up a key that no client has
    }
    return config;
}

} // namespace

configuration read_connection_file(const std::string& name) {
    try {
        return read(name);
    } catch (const std::exception& error) {
        throw std::runtime_error("connection file " + name + ": " + error.what());
    }
}

} // namespace xpar
