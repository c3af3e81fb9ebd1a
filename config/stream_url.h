// Where a venue's WebSocket is: wss://host[:port][/path], or ws:// without TLS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portcullis::config {

struct StreamUrl {
  bool is_encrypted = true;
  std::string host;  // a name or an IP address, without brackets
  std::uint16_t port = 0;
  std::string path;  // begins with a slash
};
// None: it is no such text. It has no user, query or fragment.
[[nodiscard]] std::optional<StreamUrl> parse_stream_url(std::string_view text);

}  // namespace portcullis::config
