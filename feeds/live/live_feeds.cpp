#include "feeds/live/live_feeds.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <stdexcept>
#include <utility>

#include "feeds/thread_cores.h"

namespace portcullis::feeds {

LiveFeeds::LiveFeeds(const std::vector<LiveSourceSettings>& sources, SourceSink sink,
                     std::uint64_t seed)
    : sink_(std::move(sink)), work_(io_.get_executor()) {
  sources_.reserve(sources.size());
  for (const LiveSourceSettings& source : sources) {
    const auto index = static_cast<std::uint32_t>(sources_.size());
    const auto check = [&](const std::string& problem) {
      if (!problem.empty()) {
        throw std::invalid_argument(fmt::format("source {}: {}", source.name, problem));
      }
    };
    try {
      if (const auto* venue = std::get_if<WebSocketSourceSettings>(&source.kind)) {
        check(problem_of(*venue));
        sources_.emplace_back(
            std::make_unique<WebSocketSource>(io_, index, *venue, sink_, seed + index));
      } else {
        LineSourceSettings lines = std::get<LineSourceSettings>(source.kind);
        lines.lines.name = source.name;
        check(problem_of(lines));
        sources_.emplace_back(std::make_unique<LineSource>(io_, index, lines, sink_));
      }
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("source {}: {}", source.name, error.what()));
    }
  }
}

void LiveFeeds::start() {
  boost::asio::post(io_, [this] {
    for (const Source& source : sources_) {
      std::visit([](const auto& kind) { kind->start(); }, source);
    }
  });
  thread_ = std::thread([this] {
    begin_thread(config::Thread::Feeds);
    io_.run();
  });
}

void LiveFeeds::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(io_, [this] {
    for (const Source& source : sources_) {
      std::visit([](const auto& kind) { kind->stop(); }, source);
    }
    work_.reset();
  });
  thread_.join();
}

SourceStatus LiveFeeds::status(std::uint32_t source) const {
  return std::visit([](const auto& kind) { return kind->status(); }, sources_.at(source));
}

std::uint16_t LiveFeeds::port(std::uint32_t source) const {
  const auto* lines = std::get_if<std::unique_ptr<LineSource>>(&sources_.at(source));
  return lines == nullptr ? std::uint16_t{0} : (*lines)->port();
}

}  // namespace portcullis::feeds
