// One connection of the edge's server, from its acceptance to its end.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/edge/server.h"

namespace portcullis::gateway::edge {

class Peer {
 public:
  virtual ~Peer() = default;
  virtual void start() = 0;
  // As of Outlet.
  virtual void send(std::string text) = 0;
  virtual void reply(HttpReply reply) = 0;
  virtual void close(CloseCode code, std::string_view reason) = 0;

 protected:
  Peer(Server& server, ConnectionId id, Address address)
      : server_(server), id_(id), address_(address) {}
  // What it uses of the server.
  [[nodiscard]] const ServerSettings& settings() const { return server_.settings_; }
  [[nodiscard]] ServerCounters& counters() const { return server_.counters_; }
  [[nodiscard]] Door& door() const { return server_.door_; }
  // The server drops it: nothing is called on it any more.
  void gone() const { server_.gone(id_); }

  Server& server_;
  const ConnectionId id_;
  const Address address_;
};

// `tls` may be null; it must outlive the connection.
[[nodiscard]] std::shared_ptr<Peer> make_peer(Server& server, ConnectionId id, Address address,
                                              boost::asio::ip::tcp::socket&& socket,
                                              boost::asio::ssl::context* tls);

}  // namespace portcullis::gateway::edge
