// Where a connection comes from, as the one number by which failed logins and connections are counted.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <cstdint>

namespace portcullis::gateway::security {

// Of one host; of IPv6 the /64 network, which is one subscriber's. An IPv4 address that is mapped into
// IPv6 is itself. Never 0.
[[nodiscard]] inline std::uint64_t number_of(const boost::asio::ip::address& address) {
  namespace ip = boost::asio::ip;
  if (address.is_v4()) return std::uint64_t{1} << 32 | address.to_v4().to_uint();
  const ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped())
    return std::uint64_t{1} << 32 | ip::make_address_v4(ip::v4_mapped, v6).to_uint();
  std::uint64_t network = 0;
  for (std::size_t i = 0; i < 8; ++i) network = network << 8 | v6.to_bytes()[i];
  return network == 0 ? 1 : network;  // the loopback
}

}  // namespace portcullis::gateway::security
