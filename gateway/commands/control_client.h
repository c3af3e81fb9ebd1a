// One request to a gate's control plane, and its reply, for the command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace portcullis::gateway {

struct ControlAddress {
  std::string host = "127.0.0.1";  // a name or an IP address
  std::string port = "26403";
  std::string token;  // empty: none is shown
  std::filesystem::path
      authority;  // PEM, whom the gate's certificate must be signed by; empty: no TLS
};

// "HOST:PORT", "[IPv6]:PORT", or a port of this machine. Throws std::runtime_error.
void set_address(ControlAddress& address, std::string_view text);

struct ControlReply {
  unsigned status = 0;
  std::string body;
};
// Waits ten seconds at most. Throws std::runtime_error: there is no reply.
[[nodiscard]] ControlReply ask_control(const ControlAddress& address, std::string_view method,
                                       const std::string& target, const std::string& body);

// For a query parameter.
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace portcullis::gateway
