// Listening on an address: the one way of the servers that are written with Asio.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>

namespace portcullis::feeds {

// Opens the acceptor; 0: a port that is free. The port. Throws std::runtime_error, with both, where it
// cannot.
std::uint16_t listen_on(boost::asio::ip::tcp::acceptor& acceptor, const std::string& address,
                        std::uint16_t port);

}  // namespace portcullis::feeds
