// The port at which a venue publishes its own prices as lines (price_lines.h): one publisher at a
// time; another one is told so and closed, until the first is gone, or silent for silence_ns.
//
// There is no password on the wire. Who may publish is a matter of the address that is listened on, and of
// publishers, without which only the loopback is listened on.
//
// Nothing grows: a publisher is read kReadBytes at a time, and not while answers to it wait to leave.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "feeds/live/price_lines.h"
#include "feeds/live/published_status.h"

namespace portcullis::feeds {

struct LineSourceSettings {
  std::string address{"127.0.0.1"};       // an IP address
  std::uint16_t port = 0;                 // 0: any free one
  std::vector<std::string> publishers{};  // IP addresses; none: any
  std::int64_t name_ns = 5'000'000'000;   // from the connection to the name
  std::int64_t silence_ns = 30'000'000'000;
  PriceLineSettings lines{};
};
// Empty: none.
[[nodiscard]] std::string problem_of(const LineSourceSettings& settings);

// The io_context's thread, but for status() and port().
class LineSource {
 public:
  // Listens; nothing is accepted before start(). REQUIRES: the settings have no problem. `io` and
  // `sink` must outlive it. Throws std::runtime_error: it cannot listen.
  LineSource(boost::asio::io_context& io, std::uint32_t index, const LineSourceSettings& settings,
             const SourceSink& sink);
  ~LineSource();
  LineSource(const LineSource&) = delete;
  LineSource& operator=(const LineSource&) = delete;

  void start();
  void stop();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] SourceStatus status() const { return status_.read(); }

 private:
  static constexpr std::size_t kReadBytes = 16'384;
  struct Publisher;

  void accept();
  void admit(boost::asio::ip::tcp::socket&& socket);
  void turn_away(boost::asio::ip::tcp::socket&& socket, std::string_view why);
  void read(const std::shared_ptr<Publisher>& publisher);
  void on_read(const std::shared_ptr<Publisher>& publisher, std::size_t size);
  void answer(const std::shared_ptr<Publisher>& publisher, bool goes_on);
  void watch(const std::shared_ptr<Publisher>& publisher);
  void end(const std::shared_ptr<Publisher>& publisher, std::string_view why);
  void enter(SourceState state, bool is_problem, std::string_view text);
  void publish();

  const std::uint32_t index_;
  const LineSourceSettings settings_;
  const SourceSink& sink_;
  const std::function<void(const MarketUpdate&)> on_update_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer accept_again_;
  std::uint16_t port_ = 0;
  PriceLines lines_;
  std::shared_ptr<Publisher> publisher_;  // null: nobody
  SourceState state_ = SourceState::Stopped;
  std::string last_error_;
  PublishedStatus status_;
};

}  // namespace portcullis::feeds
