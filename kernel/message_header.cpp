#include "kernel/message_header.hpp"

#include "xeus/xguid.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace xpar {

namespace {

std::string iso8601_now() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    tm utc{};
    ::gmtime_r(&now.tv_sec, &utc);
    std::array<char, 64> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    std::snprintf(text.data() + length, text.size() - length, ".%06ldZ", now.tv_nsec / 1000);
    return text.data();
}

} // namespace

nlohmann::json make_message_header(const std::string& type, const std::string& user, const std::string& session) {
    return {{"msg_id", std::string(xeus::new_xguid())},
            {"msg_type", type},
            {"username", user},
            {"session", session},
            {"date", iso8601_now()},
            {"version", k_protocol_version}};
}

} // namespace xpar
