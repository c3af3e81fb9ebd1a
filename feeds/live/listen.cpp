#include "feeds/live/listen.h"

#include <fmt/format.h>

#include <stdexcept>

namespace portcullis::feeds {

using boost::asio::ip::tcp;

std::uint16_t listen_on(tcp::acceptor& acceptor, const std::string& address, std::uint16_t port) {
  try {
    const tcp::endpoint endpoint(boost::asio::ip::make_address(address), port);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
    return acceptor.local_endpoint().port();
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error(
        fmt::format("cannot listen on {}:{}: {}", address, port, error.code().message()));
  }
}

}  // namespace portcullis::feeds
