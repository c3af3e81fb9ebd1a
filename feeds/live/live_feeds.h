// All live sources of a process, and the thread that they share: one io_context, so that the sink is
// called by one thread. What one source does holds up no other for longer than a message takes to
// decode.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "config/price_references.h"
#include "feeds/live/line_source.h"
#include "feeds/live/web_socket_source.h"

namespace portcullis::feeds {

struct LiveSourceSettings {
  std::string name{};  // of a line source, what its publisher says
  std::variant<WebSocketSourceSettings, LineSourceSettings> kind{};
  config::SourceIndex source{};  // which it is of the deployment's, for who takes its updates
};

class LiveFeeds {
 public:
  // A source's number is its place in `sources`. Line sources listen from here on. `seed` is of the
  // chance in back-offs. Throws std::invalid_argument for settings that cannot work, std::runtime_error
  // for a file or a port that cannot be used; each names the source.
  LiveFeeds(const std::vector<LiveSourceSettings>& sources, SourceSink sink, std::uint64_t seed);
  ~LiveFeeds() { stop(); }
  LiveFeeds(const LiveFeeds&) = delete;
  LiveFeeds& operator=(const LiveFeeds&) = delete;

  // Once.
  void start();
  // Closes all connections and returns when the thread has ended, from when on the sink is not
  // called. It takes up to a second where a venue does not answer the close, and as long as the
  // system's resolver takes where a name is just looked up. May be called twice, and without start().
  void stop();

  // --- any thread

  [[nodiscard]] std::size_t size() const { return sources_.size(); }
  [[nodiscard]] SourceStatus status(std::uint32_t source) const;
  // Of a line source, where it listens; 0 for others.
  [[nodiscard]] std::uint16_t port(std::uint32_t source) const;

 private:
  using Source = std::variant<std::unique_ptr<WebSocketSource>, std::unique_ptr<LineSource>>;

  const SourceSink sink_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<Source> sources_;
  std::thread thread_;
};

}  // namespace portcullis::feeds
