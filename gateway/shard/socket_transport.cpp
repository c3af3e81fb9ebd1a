#include "gateway/shard/socket_transport.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <boost/system/system_error.hpp>
#include <stdexcept>
#include <utility>

#include "feeds/epoch_clock.h"
#include "gateway/security/peer_address.h"

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

// 0: it is gone already.
std::uint64_t address_of(const tcp::socket& socket) {
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  return error ? 0 : security::number_of(peer.address());
}

}  // namespace

SocketTransport::SocketTransport(const config::Deployment& deployment)
    : deployment_(deployment),
      io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE),
      work_(io_.get_executor()),
      acceptor_(listen(io_, deployment.gateway)),
      port_(acceptor_.local_endpoint().port()),
      bell_wait_(io_, bell_.fd()),
      connecting_(io_) {
  for (std::uint32_t c = 0; c <= deployment.gateway.connections_max; ++c) {
    sockets_.push_back(std::make_unique<Socket>(io_));
  }
  if (deployment.venue.shared_memory) memory_.emplace(io_, *deployment.venue.shared_memory);
}

// What still waits is called back here: its memory is that of the members, which end before io_
// does.
SocketTransport::~SocketTransport() {  // NOLINT(bugprone-exception-escape): no handler throws
  error_code ignored;
  acceptor_.close(ignored);
  connecting_.close(ignored);
  bell_wait_.release();  // the descriptor is the bell's
  for (const auto& socket : sockets_) socket->close();
  if (memory_) memory_->close();
  io_.restart();
  while (io_.poll() > 0) {
  }
}

void SocketTransport::sleep(std::chrono::nanoseconds at_most) {
  if (!bell_waiting_) {
    bell_waiting_ = true;
    bell_wait_.async_wait(asio::posix::stream_descriptor::wait_read,
                          in_memory(bell_memory_, [this](error_code) {
                            bell_waiting_ = false;
                            bell_.awake();
                          }));
  }
  if (!memory_ || memory_->will_sleep()) io_.run_one_for(at_most);
  if (memory_) memory_->awake();
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
  if (memory_) {
    if (!memory_->is_free()) return false;
    connect_outcome_ = memory_->connect() ? Connect::Connected : Connect::Failed;
    return true;
  }
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

void SocketTransport::give_up_venue() {
  error_code ignored;
  connecting_.close(ignored);
}

bool SocketTransport::readable(std::uint32_t connection) const {
  return is_in_memory(connection) ? memory_->readable() : sockets_[connection]->readable();
}

std::ptrdiff_t SocketTransport::read(std::uint32_t connection, std::span<std::byte> into) {
  return is_in_memory(connection) ? memory_->read(into) : sockets_[connection]->read(into);
}

std::ptrdiff_t SocketTransport::write(std::uint32_t connection, std::span<const std::byte> from) {
  return is_in_memory(connection) ? memory_->write(from) : sockets_[connection]->write(from);
}

void SocketTransport::close(std::uint32_t connection) {
  if (is_in_memory(connection)) {
    memory_->close();
  } else {
    sockets_[connection]->close();
  }
}

}  // namespace portcullis::gateway::shard
