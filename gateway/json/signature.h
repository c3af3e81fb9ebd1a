// What proves that a request comes from the holder of an API key, and that it is fresh.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace portcullis::gateway::json {

// HMAC-SHA256 in lower-case hexadecimal digits.
[[nodiscard]] std::string hmac_sha256(std::string_view secret, std::string_view text);

// In time that depends on nothing but the lengths.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

// The signature of an auth request: of "GET/realtime" and its expiry in milliseconds.
[[nodiscard]] bool is_auth_signature(std::string_view secret, std::int64_t expires_ms,
                                     std::string_view signature);

// Of a REST query. The texts are those of the headers X-BAPI-TIMESTAMP, X-BAPI-API-KEY and
// X-BAPI-RECV-WINDOW, and what follows the '?' of the target, all as they came.
[[nodiscard]] bool is_query_signature(std::string_view secret, std::string_view timestamp,
                                      std::string_view api_key, std::string_view recv_window,
                                      std::string_view query, std::string_view signature);

// now - window <= timestamp < now + 1 s, in milliseconds.
[[nodiscard]] bool is_in_window(std::int64_t timestamp_ms, std::int64_t recv_window_ms,
                                std::int64_t now_ms);

}  // namespace portcullis::gateway::json
