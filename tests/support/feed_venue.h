// A venue's WebSocket of market data for tests, on the loopback: what each connection is met with is a
// script, which may do all that venues do and what they should not. It knows nothing of the product's
// code but recorded sessions, whose frames it sends.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "feeds/session_file.h"
#include "tests/support/raw_peer.h"

namespace portcullis::test {

struct VenueRequest {
  enum class Verb : std::uint8_t { Subscribe, Unsubscribe, Ping, Heartbeat, Test, Other, None };
  Verb verb = Verb::None;  // None: the client has gone
  std::string id{};
  std::vector<std::string> topics{};
  std::string text{};
};

enum class VenueWords : std::uint8_t { Deribit, Binance, Bybit };

// The server's end of a connection. Everything waits no longer than kPatienceMs, and ends when the
// venue does.
class VenueConnection {
 public:
  VenueConnection(int fd, const std::atomic<bool>& stopping);
  ~VenueConnection();
  VenueConnection(const VenueConnection&) = delete;
  VenueConnection& operator=(const VenueConnection&) = delete;

  bool shake_hands(const std::filesystem::path& certificate, const std::filesystem::path& key);
  // Reads the request and answers 101. False: there was none.
  bool upgrade();
  [[nodiscard]] const std::string& request_head() const { return head_; }

  bool send(std::string_view bytes);
  bool send_text(std::string_view text) {
    return send(bytes_of({.masked = false, .payload = std::string(text)}));
  }
  bool send_frame(Frame frame) {
    frame.masked = false;
    return send(bytes_of(frame));
  }

  // The next that is no ping or pong; a ping is answered unless `deaf`.
  VenueRequest read_request();
  void answer(VenueWords words, const VenueRequest& request);
  // Reads and answers until so many topics are subscribed to, over this connection. False: it ended.
  bool serve_subscriptions(VenueWords words, std::size_t topics);
  // All frames that were received then, in their order.
  bool play(const feeds::RecordedSession& session);
  // Reads on until the client has gone or the venue ends. With `words`, answers requests too.
  void hold();
  void hold(VenueWords words);
  void reset();  // RST, where close() is FIN
  void close();

  std::vector<std::string> subscribed;  // in the order of the requests
  int pings = 0;
  int close_code = 0;  // of the client's close; 0: none came
  bool deaf = false;

 private:
  bool fill();
  bool have(std::size_t count);
  bool read_message(Frame& frame);

  int fd_;
  const std::atomic<bool>& stopping_;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  std::string input_;
  std::string head_;
};

class FeedVenue {
 public:
  using Script = std::function<void(VenueConnection& connection)>;
  // Connection n gets script n, the last one all that follow. One after the other.
  explicit FeedVenue(std::vector<Script> scripts);
  ~FeedVenue();
  FeedVenue(const FeedVenue&) = delete;
  FeedVenue& operator=(const FeedVenue&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void run();

  const std::vector<Script> scripts_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace portcullis::test
