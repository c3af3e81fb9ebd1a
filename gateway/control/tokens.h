// Bearer tokens: random numbers of 256 bits, of which the configuration has the SHA-256 (RFC 6750).
// Nobody guesses one, so that a lookup costs no work on purpose and locks nobody out.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/control_settings.h"

namespace portcullis::gateway::control {

using TokenHash = std::array<std::uint8_t, config::kTokenHashSize>;

// "pct_" and 43 characters of base64url.
[[nodiscard]] std::string new_token();  // throws std::runtime_error: no entropy
[[nodiscard]] bool is_token(std::string_view text);
[[nodiscard]] TokenHash hash_of(std::string_view token);
[[nodiscard]] std::string to_text(const TokenHash& hash);  // hexadecimal

// The token of an Authorization header; empty: it is of another scheme, or no token.
[[nodiscard]] std::string_view bearer(std::string_view authorization);

// Whose it is; null: nobody's. Compares with every one, in a time that says nothing of any.
[[nodiscard]] const config::ControlToken* find_token(
    const std::vector<config::ControlToken>& tokens, std::string_view token);

}  // namespace portcullis::gateway::control
