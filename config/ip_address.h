// IP addresses as text, of either version.
#pragma once

#include <string>

namespace portcullis::config {

[[nodiscard]] bool is_ip_address(const std::string& text);
// One of this machine to itself: 127.0.0.0/8 or ::1.
[[nodiscard]] bool is_loopback_address(const std::string& text);

}  // namespace portcullis::config
