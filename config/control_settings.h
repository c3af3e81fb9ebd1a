// Who may speak to the control plane, and how much of it there is. Fixed at start, and no part of what
// the journal keeps: it decides nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/deployment.h"
#include "config/role.h"

namespace portcullis::config {

// Whoever shows a token with this SHA-256. A token is a random number of 256 bits (`portcullis
// token`), so that its hash needs neither salt nor work.
inline constexpr std::size_t kTokenHashSize = 32;
struct ControlToken {
  std::string name;  // of the operator or script; it is in the journal with what they have done
  Role role = Role::Viewer;
  std::array<std::uint8_t, kTokenHashSize> hash{};
};

// The control plane, over HTTP, on a thread of its own.
struct ControlSettings {
  std::string address;     // an IP address; of loopback unless there is TLS
  std::uint16_t port = 0;  // 0: any free one
  std::optional<TlsSettings> tls;
  std::uint32_t connections_max = 0;
  std::uint32_t requests_per_second_max = 0;  // of a token, commands apart from the rest
  std::uint32_t what_if_orders_max = 0;       // orders in one request
  std::uint32_t rejects_kept = 0;             // the newest, for who asks
  std::int64_t request_ns = 0;                // for a whole request, and between two
  std::int64_t send_buffer_bytes = 0;         // unsent bytes above which a connection is closed
  bool four_eyes = false;                     // a raise of limits needs another person's approval
  std::int64_t override_max_ns = 0;           // an override stays at most so long
  std::vector<ControlToken> tokens;
};

}  // namespace portcullis::config
