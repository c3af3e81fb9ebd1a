// A venue's stream of prices: a conversation, its WebSocket and its clock.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "feeds/live/conversation.h"
#include "feeds/live/published_status.h"
#include "feeds/live/web_socket.h"

namespace portcullis::feeds {

struct TlsTrust {
  std::string authorities{};  // a file of PEM; empty: those that the system trusts
};

struct WebSocketSourceSettings {
  std::string host{};
  std::uint16_t port = 443;
  std::string path{"/"};  // without the query of topics_in_path
  // None: only to the loopback.
  std::optional<TlsTrust> tls{TlsTrust{}};
  ConversationSettings conversation{};
};
// Empty: none.
[[nodiscard]] std::string problem_of(const WebSocketSourceSettings& settings);

// The io_context's thread, but for status().
class WebSocketSource final : private Link {
 public:
  // REQUIRES: the settings have no problem. `io` and `sink` must outlive it. Throws
  // std::runtime_error: the authorities cannot be read.
  WebSocketSource(boost::asio::io_context& io, std::uint32_t index,
                  const WebSocketSourceSettings& settings, const SourceSink& sink,
                  std::uint64_t seed);

  void start();
  void stop();
  [[nodiscard]] SourceStatus status() const { return status_.read(); }

 private:
  void open() override;
  void send(std::string text) override;
  void ping() override;
  void close() override;
  [[nodiscard]] std::string_view stage() const override;

  // After everything that happens.
  void settle();

  boost::asio::io_context& io_;
  const std::uint32_t index_;
  const WebSocketSourceSettings settings_;
  const SourceSink& sink_;
  std::optional<boost::asio::ssl::context> tls_;
  Conversation conversation_;
  std::shared_ptr<WebSocket> socket_;
  boost::asio::steady_timer timer_;
  std::int64_t timer_at_ns_;  // what it waits for
  PublishedStatus status_;
};

}  // namespace portcullis::feeds
