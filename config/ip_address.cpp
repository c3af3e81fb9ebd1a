#include "config/ip_address.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace portcullis::config {

bool is_ip_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

bool is_loopback_address(const std::string& text) {
  in6_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) == 1) return address.s6_addr[0] == 127;
  return inet_pton(AF_INET6, text.c_str(), &address) == 1 &&
         std::memcmp(&address, &in6addr_loopback, sizeof(address)) == 0;
}

}  // namespace portcullis::config
