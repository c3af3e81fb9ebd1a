// The JSON client JSON1 of json_world.h at the door of a real gate: a connection that is logged in, and
// signed queries on connections of their own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/raw_peer.h"

namespace portcullis::test {

class JsonClient {
 public:
  // Connects and logs in; fails the test where it cannot.
  explicit JsonClient(std::uint16_t port);

  // Requests of buys in AMZN that rest, and of their cancels. Sent, or sent and answered.
  bool send_create(std::string_view link);
  std::string create(std::string_view link);
  std::string cancel(std::string_view link);

  // The body of a signed query.
  [[nodiscard]] std::string get(std::string_view path, std::string_view query) const;
  // Until the venue has accepted the order.
  void wait_until_new(std::string_view link) const;
  // The links of the open orders, newest first.
  [[nodiscard]] std::vector<std::string> open_links() const;

 private:
  std::string ask(std::string_view text);

  const std::uint16_t port_;
  RawPeer peer_;
};

}  // namespace portcullis::test
