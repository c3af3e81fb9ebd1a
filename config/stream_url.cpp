#include "config/stream_url.h"

#include <algorithm>
#include <charconv>

#include "config/ip_address.h"

namespace portcullis::config {

namespace {

constexpr std::size_t kHostMax = 253;
constexpr std::size_t kPathMax = 256;

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= kHostMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.';
         });
}

bool is_path(std::string_view text) {
  return text.starts_with('/') && text.size() <= kPathMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c <= '~' && c != '?' && c != '#'; });
}

// ":443"; nothing is the default.
bool read_port(std::string_view text, std::uint16_t by_default, std::uint16_t& port) {
  port = by_default;
  if (text.empty()) return true;
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data() + 1, end, port);
  return text.front() == ':' && error == std::errc() && read == end && port != 0;
}

}  // namespace

std::optional<StreamUrl> parse_stream_url(std::string_view text) {
  StreamUrl url;
  url.is_encrypted = text.starts_with("wss://");
  if (!url.is_encrypted && !text.starts_with("ws://")) return std::nullopt;
  text.remove_prefix(text.find("//") + 2);
  const std::size_t slash = std::min(text.find('/'), text.size());
  url.path = slash == text.size() ? "/" : std::string(text.substr(slash));
  text = text.substr(0, slash);

  std::size_t host_end = std::min(text.find(':'), text.size());
  bool is_host = false;
  if (text.starts_with('[')) {
    const std::size_t bracket = std::min(text.find(']'), text.size());
    url.host = text.substr(1, bracket - 1);
    host_end = std::min(bracket + 1, text.size());
    is_host =
        bracket < text.size() && url.host.find(':') != std::string::npos && is_ip_address(url.host);
  } else {
    url.host = text.substr(0, host_end);
    is_host = is_host_name(url.host);
  }
  if (!is_host || !is_path(url.path) ||
      !read_port(text.substr(host_end), url.is_encrypted ? 443 : 80, url.port)) {
    return std::nullopt;
  }
  return url;
}

}  // namespace portcullis::config
