// Jupyter's messages as they travel: JSON in parts, signed. xeus keeps what it had for it to itself from version 3 on.
#pragma once

#include "nlohmann/json.hpp"
#include "xeus/xmessage.hpp"
#include "zmq_addon.hpp"

#include <array>
#include <string>
#include <string_view>

namespace xpar {

// header, parent header, metadata, content
using json_parts = std::array<std::string_view, 4>;

// Signs with the key of the connection file: HMAC with SHA-256, as hexadecimal digits. Any thread.
class signer {
public:
    // With the scheme "none", or without a key, nothing is signed. Throws std::runtime_error for any other scheme than
    // "hmac-sha256".
    signer(const std::string& scheme, std::string key);

    bool signs() const { return !m_key.empty(); }
    std::string sign(const json_parts& parts) const;
    bool has_signed(const json_parts& parts, std::string_view signature) const;

private:
    std::string m_key;
};

// Invalid UTF-8 is replaced.
zmq::multipart_t to_wire(const xeus::xmessage& message, const signer& by);
zmq::multipart_t to_wire(const xeus::xpub_message& message, const signer& by);

// Throws std::runtime_error, saying what is wrong, for what is no message: too few parts, a wrong signature, parts that
// are no JSON or no objects, a type that is no text.
xeus::xmessage from_wire(const zmq::multipart_t& wire, const signer& by);

// The signature of what from_wire() has taken.
std::string signature_of(const zmq::multipart_t& wire);

} // namespace xpar
