#include "kernel/wire.hpp"

#include <sodium.h>

#include <stdexcept>
#include <utility>
#include <vector>

namespace xpar {

namespace nl = nlohmann;

namespace {

constexpr std::string_view k_delimiter = "<IDS|MSG>";
constexpr std::size_t k_parts_after_delimiter = 5; // the signature and those of JSON

// The number of parts when there is none.
std::size_t find_delimiter(const zmq::multipart_t& wire) {
    std::size_t at = 0;
    while (at < wire.size() && wire.peek(at)->to_string_view() != k_delimiter) {
        ++at;
    }
    return at;
}

std::string dump(const nl::json& part) {
    return part.is_null() ? "{}" : part.dump(-1, ' ', false, nl::json::error_handler_t::replace);
}

template <class Message>
void add_parts(zmq::multipart_t& wire, const Message& message, const signer& by) {
    const std::string header = dump(message.header());
    const std::string parent = dump(message.parent_header());
    const std::string metadata = dump(message.metadata());
    const std::string content = dump(message.content());
    wire.addstr(std::string(k_delimiter));
    wire.addstr(by.sign({header, parent, metadata, content}));
    for (const std::string* part : {&header, &parent, &metadata, &content}) {
        wire.addstr(*part);
    }
    for (const xeus::binary_buffer& buffer : message.buffers()) {
        wire.addmem(buffer.data(), buffer.size());
    }
}

nl::json parse_object(std::string_view part, const char* what) {
    nl::json parsed = nl::json::parse(part, nullptr, false);
    if (!parsed.is_object()) {
        throw std::runtime_error(std::string("its ") + what + " is no JSON object");
    }
    return parsed;
}

nl::json parse_header(std::string_view part) {
    nl::json header = parse_object(part, "header");
    if (!header.contains("msg_type") || !header["msg_type"].is_string()) {
        throw std::runtime_error("its header has no type");
    }
    return header;
}

} // namespace

signer::signer(const std::string& scheme, std::string key) : m_key(scheme != "none" ? std::move(key) : "") {
    if (!m_key.empty() && scheme != "hmac-sha256") {
        throw std::runtime_error("the signature scheme " + scheme + " is not known, only hmac-sha256 is");
    }
    if (::sodium_init() < 0) {
        throw std::runtime_error("libsodium does not start");
    }
}

std::string signer::sign(const json_parts& parts) const {
    if (m_key.empty()) {
        return {};
    }
    crypto_auth_hmacsha256_state state;
    ::crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(m_key.data()), m_key.size());
    for (const std::string_view part : parts) {
        ::crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(part.data()), part.size());
    }
    std::array<unsigned char, crypto_auth_hmacsha256_BYTES> digest{};
    ::crypto_auth_hmacsha256_final(&state, digest.data());
    std::array<char, 2 * crypto_auth_hmacsha256_BYTES + 1> text{};
    ::sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
    return {text.data(), text.size() - 1};
}

bool signer::has_signed(const json_parts& parts, std::string_view signature) const {
    const std::string expected = sign(parts);
    // In a time that says nothing about how much of it is right.
    return expected.empty() || (expected.size() == signature.size() &&
                                ::sodium_memcmp(expected.data(), signature.data(), expected.size()) == 0);
}

zmq::multipart_t to_wire(const xeus::xmessage& message, const signer& by) {
    zmq::multipart_t wire;
    for (const std::string& identity : message.identities()) {
        wire.addstr(identity);
    }
    add_parts(wire, message, by);
    return wire;
}

zmq::multipart_t to_wire(const xeus::xpub_message& message, const signer& by) {
    zmq::multipart_t wire;
    wire.addstr(message.topic());
    add_parts(wire, message, by);
    return wire;
}

xeus::xmessage from_wire(const zmq::multipart_t& wire, const signer& by) {
    const std::size_t delimiter = find_delimiter(wire);
    if (delimiter + k_parts_after_delimiter >= wire.size()) {
        throw std::runtime_error("it has too few parts");
    }
    const auto part = [&](std::size_t number) { return wire.peek(delimiter + number)->to_string_view(); };
    const json_parts parts{part(2), part(3), part(4), part(5)};
    if (!by.has_signed(parts, part(1))) {
        throw std::runtime_error("its signature is wrong");
    }
    xeus::xmessage::guid_list identities;
    for (std::size_t i = 0; i < delimiter; ++i) {
        identities.push_back(wire.peek(i)->to_string());
    }
    xeus::buffer_sequence buffers;
    for (std::size_t i = delimiter + k_parts_after_delimiter + 1; i < wire.size(); ++i) {
        const zmq::message_t& buffer = *wire.peek(i);
        buffers.emplace_back(buffer.data<char>(), buffer.data<char>() + buffer.size());
    }
    return {identities,
            parse_header(parts[0]),
            parse_object(parts[1], "parent header"),
            parse_object(parts[2], "metadata"),
            parse_object(parts[3], "content"),
            std::move(buffers)};
}

std::string signature_of(const zmq::multipart_t& wire) {
    return wire.peek(find_delimiter(wire) + 1)->to_string();
}

} // namespace xpar
