#include "gateway/shard/socket_transport.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/system/system_error.hpp>
#include <stdexcept>
#include <utility>

#include "feeds/epoch_clock.h"

namespace portcullis::gateway::shard {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

tcp::acceptor listen(asio::io_context& io, const config::GatewaySettings& gateway) {
  try {
    return {io, tcp::endpoint(asio::ip::make_address(gateway.address), gateway.port)};
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error(fmt::format("cannot listen on {} port {}: {}", gateway.address,
                                         gateway.port, error.code().message()));
  }
}

// Of one host as one number. An IPv4 address that is mapped into IPv6 is itself.
std::uint64_t address_of(const tcp::socket& socket) {
  error_code error;
  const asio::ip::address address = socket.remote_endpoint(error).address();
  if (error) return 0;
  if (address.is_v4()) return std::uint64_t{1} << 32 | address.to_v4().to_uint();
  const asio::ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) {
    return std::uint64_t{1} << 32 | asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_uint();
  }
  std::uint64_t network = 0;
  for (std::size_t i = 0; i < 8; ++i) network = network << 8 | v6.to_bytes()[i];
  return network == 0 ? 1 : network;  // the loopback
}

}  // namespace

SocketTransport::SocketTransport(const config::Deployment& deployment)
    : deployment_(deployment),
      io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE),
      work_(io_.get_executor()),
      acceptor_(listen(io_, deployment.gateway)),
      port_(acceptor_.local_endpoint().port()),
      wakeup_(io_),
      connecting_(io_) {
  wakeup_fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wakeup_fd_ < 0) throw std::runtime_error("shard: no eventfd");
  wakeup_.assign(wakeup_fd_);
  for (std::uint32_t c = 0; c <= deployment.gateway.connections_max; ++c) {
    sockets_.push_back(std::make_unique<Socket>(io_));
  }
}

// What still waits is called back here: its memory is that of the members, which end before io_
// does.
SocketTransport::~SocketTransport() {  // NOLINT(bugprone-exception-escape): no handler throws
  error_code ignored;
  acceptor_.close(ignored);
  connecting_.close(ignored);
  wakeup_.close(ignored);
  for (const auto& socket : sockets_) socket->close();
  io_.restart();
  while (io_.poll() > 0) {
  }
}

void SocketTransport::sleep(std::chrono::nanoseconds at_most) {
  if (!wakeup_waiting_) {
    wakeup_waiting_ = true;
    wakeup_.async_wait(asio::posix::stream_descriptor::wait_read,
                       in_memory(wakeup_memory_, [this](error_code) {
                         wakeup_waiting_ = false;
                         std::uint64_t count = 0;
                         (void)!::read(wakeup_fd_, &count, sizeof count);
                       }));
  }
  io_.run_one_for(at_most);
}

void SocketTransport::wake() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(wakeup_fd_, &one, sizeof one);
}

std::int64_t SocketTransport::now_ns() noexcept { return feeds::epoch_ns(); }

bool SocketTransport::poll() { return io_.poll() > 0; }

// One connection at a time. Begun here and not where the last one has ended: where there is no file
// for a connection it ends at once, again and again, and the loop would never come out of Asio.
Transport::Accepted SocketTransport::accept() {
  const Accepted accepted = std::exchange(accepted_, {});
  if (accepted.outcome == Accept::None && !accepting_ && acceptor_.is_open()) {
    accepting_ = true;
    acceptor_.async_accept(in_memory(accept_memory_, [this](error_code error, tcp::socket socket) {
      accepting_ = false;
      if (!error) {
        accepted_ = admit(std::move(socket));
      } else if (error != asio::error::operation_aborted) {
        accepted_ = {.outcome = Accept::Failed};
      }
    }));
  }
  return accepted;
}

Transport::Accepted SocketTransport::admit(tcp::socket&& socket) {
  for (std::uint32_t c = kVenue + 1; c < sockets_.size(); ++c) {
    if (!sockets_[c]->is_free()) continue;
    const std::uint64_t address = address_of(socket);
    sockets_[c]->open(std::move(socket));
    return {.outcome = Accept::Connected, .connection = c, .address = address};
  }
  return {.outcome = Accept::Refused};  // the socket closes as it goes out of scope
}

void SocketTransport::stop_accepting() {
  error_code ignored;
  acceptor_.close(ignored);
}

bool SocketTransport::connect_venue() {
  if (!sockets_[kVenue]->is_free()) return false;
  const config::VenueSettings& venue = deployment_.venue;
  connect_outcome_ = Connect::Pending;
  connecting_ = tcp::socket(io_);
  connecting_.async_connect(tcp::endpoint(asio::ip::make_address(venue.address), venue.port),
                            in_memory(connect_memory_, [this](error_code error) {
                              connect_outcome_ = error ? Connect::Failed : Connect::Connected;
                              if (!error) sockets_[kVenue]->open(std::move(connecting_));
                            }));
  return true;
}

Transport::Connect SocketTransport::venue_outcome() { return connect_outcome_; }

bool SocketTransport::readable(std::uint32_t connection) const {
  return sockets_[connection]->readable();
}

std::ptrdiff_t SocketTransport::read(std::uint32_t connection, std::span<std::byte> into) {
  return sockets_[connection]->read(into);
}

std::ptrdiff_t SocketTransport::write(std::uint32_t connection, std::span<const std::byte> from) {
  return sockets_[connection]->write(from);
}

void SocketTransport::close(std::uint32_t connection) { sockets_[connection]->close(); }

}  // namespace portcullis::gateway::shard
