#include "gateway/edge/server.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "config/password.h"
#include "feeds/live/listen.h"
#include "gateway/edge/peer.h"
#include "gateway/security/peer_address.h"

namespace portcullis::gateway::edge {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

constexpr auto kAcceptAgain = std::chrono::milliseconds(100);

asio::ssl::context tls_context(const TlsFiles& files) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                      asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                      asio::ssl::context::no_tlsv1_1 | SSL_OP_NO_RENEGOTIATION);
  if (const std::string problem = config::check_private(files.key); !problem.empty())
    throw std::runtime_error("the key of TLS: " + problem);
  error_code error;
  context.use_certificate_chain_file(files.certificate.string(), error);
  if (error) {
    throw std::runtime_error(
        fmt::format("{}: no certificate: {}", files.certificate.string(), error.message()));
  }
  context.use_private_key_file(files.key.string(), asio::ssl::context::pem, error);
  if (error) {
    throw std::runtime_error(
        fmt::format("{}: no key of this certificate: {}", files.key.string(), error.message()));
  }
  return context;
}

}  // namespace

Server::Server(asio::io_context& io, const ServerSettings& settings, Door& door)
    : settings_(settings),
      door_(door),
      acceptor_(io),
      accept_again_(io),
      slots_(settings.connections_max) {
  if (settings.tls) tls_.emplace(tls_context(*settings.tls));
  for (std::uint32_t s = settings.connections_max; s-- > 0;) free_.push_back(s);
  port_ = feeds::listen_on(acceptor_, settings.address, settings.port);
}

Server::~Server() = default;

void Server::start() { accept(); }

void Server::accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (stopping_) return;
    if (!error) {
      admit(std::move(socket));
      accept();
      return;
    }
    ++counters_.accepts_failed;
    accept_again_.expires_after(kAcceptAgain);
    accept_again_.async_wait([this](error_code) {
      if (!stopping_) accept();
    });
  });
}

void Server::admit(tcp::socket&& socket) {
  if (free_.empty()) {
    ++counters_.connections_refused;
    return;  // and closed
  }
  error_code error;
  const tcp::endpoint from = socket.remote_endpoint(error);
  if (error) return;  // gone already
  const Address address = security::number_of(from.address());
  if (!has_room_for(address)) {
    ++counters_.refused_by_address;
    return;
  }
  ++counters_.connections;
  ++connection_count_;
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  const auto id = ConnectionId{std::uint64_t{++slots_[slot].uses} << 32 | slot};
  slots_[slot].address = address;
  slots_[slot].peer = make_peer(*this, id, address, std::move(socket), tls_ ? &*tls_ : nullptr);
  slots_[slot].peer->start();
}

bool Server::has_room_for(Address address) const {
  const auto is_from_there = [address](const Slot& slot) {
    return slot.peer != nullptr && slot.address == address;
  };
  return static_cast<std::uint64_t>(std::count_if(slots_.begin(), slots_.end(), is_from_there)) <
         settings_.connections_per_address_max;
}

Peer* Server::find(ConnectionId id) const {
  const auto value = static_cast<std::uint64_t>(id);
  const auto slot = static_cast<std::uint32_t>(value);
  if (slot >= slots_.size() || slots_[slot].uses != value >> 32) return nullptr;
  return slots_[slot].peer.get();
}

void Server::gone(ConnectionId id) {
  const auto slot = static_cast<std::uint32_t>(static_cast<std::uint64_t>(id));
  slots_[slot].peer.reset();
  free_.push_back(slot);
  --connection_count_;
}

void Server::send(ConnectionId id, std::string text) {
  if (Peer* peer = find(id)) peer->send(std::move(text));
}

void Server::reply(ConnectionId id, HttpReply reply) {
  if (Peer* peer = find(id)) peer->reply(std::move(reply));
}

void Server::close(ConnectionId id, CloseCode code, std::string_view reason) {
  if (Peer* peer = find(id)) peer->close(code, reason);
}

void Server::stop_accepting() {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  accept_again_.cancel();
}

void Server::stop() {
  stop_accepting();
  for (Slot& slot : slots_) {
    // A copy: it may be gone before this returns.
    if (const std::shared_ptr<Peer> peer = slot.peer) peer->close(CloseCode::GoingAway, "stopping");
  }
}

}  // namespace portcullis::gateway::edge
