// The header of a message the kernel sends. xeus has a function for it whose dates lack leading zeros in the fraction
// and which shares a buffer between threads; every message that leaves this kernel has a header made here instead.
#pragma once

#include "nlohmann/json.hpp"

#include <memory>
#include <string>

namespace xpar {

using parent_ptr = std::shared_ptr<const nlohmann::json>; // the header of the request an output belongs to; never null

// Of the messaging protocol, as this kernel keeps it: newer versions of xeus tell what they could keep.
inline constexpr const char* k_protocol_version = "5.3";

// Any thread.
nlohmann::json make_message_header(const std::string& type, const std::string& user, const std::string& session);

} // namespace xpar
