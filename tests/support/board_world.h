// A price board with a few sources and references, and what it tells, as text.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "feeds/board/price_board.h"

namespace portcullis::test {

// The price or state as a test writes it: "100@7" is a price as of 7.
inline std::string shown(const feeds::PriceUpdate& price) {
  return fmt::format("{}@{}", price.price, price.as_of_ns);
}
inline std::string_view shown(feeds::PriceState state) {
  return feeds::kPriceStateNames[static_cast<std::size_t>(state)];
}

// Sources are called A, B, ..; each is a venue of its own, unless told otherwise. Times are plain
// nanoseconds.
struct BoardWorld {
  config::Deployment deployment{};
  std::unique_ptr<feeds::PriceBoard> board{};
  std::vector<std::string> told{};    // prices and states, since the last look
  std::vector<std::string> events{};  // likewise

  config::SourceIndex add_source(const std::string& name, const std::string& venue,
                                 config::SourceDialect dialect = config::SourceDialect::Lines,
                                 std::int64_t ahead_max_ns = 0) {
    config::SourceSettings source;
    source.dialect = dialect;
    source.venue = venue;
    source.ahead_max_ns = ahead_max_ns;
    deployment.feed.sources.push_back(source);
    return deployment.names.sources.add(name);
  }

  // The index of a new asset: a unit is one, from 1 to a billion; sources as they are given.
  config::ReferenceSettings& add_index(const std::string& name,
                                       std::vector<config::ReferenceSource> sources) {
    config::ReferenceSettings rules;
    rules.asset = deployment.names.assets.add(name);
    rules.price_min = 1;
    rules.price_max = 1'000'000'000;
    rules.sources = std::move(sources);
    rules.min_sources = 1;
    rules.max_age_ns = 100;
    rules.divergence_ppm = 10'000;
    rules.jump_ppm = 100'000;
    rules.jump_updates = 2;
    deployment.assets.emplace_back();
    deployment.feed.references.push_back(std::move(rules));
    return deployment.feed.references.back();
  }

  // A source of lines of its own name and venue.
  config::ReferenceSource line(const std::string& name,
                               config::SourceRole role = config::SourceRole::Voter) {
    config::ReferenceSource source;
    source.source = deployment.names.sources.find(name);
    if (!source.source.exists()) source.source = add_source(name, name);
    source.symbol = "X";
    source.field = config::SourceField::Price;
    source.role = role;
    return source;
  }

  void start() {
    board = std::make_unique<feeds::PriceBoard>(
        deployment,
        feeds::PriceBoard::Sinks{
            .price = [this](const feeds::PriceUpdate& price) { told.push_back(shown(price)); },
            .state =
                [this](const feeds::PriceStateChange& change) {
                  told.emplace_back(shown(change.state));
                },
            .event = [this](std::string_view text) { events.emplace_back(text); }});
  }

  void say(const std::string& source, std::int64_t price, std::int64_t time_ns,
           std::int64_t now_ns) {
    board->take(deployment.names.sources.find(source),
                feeds::PriceUpdate{.as_of_ns = time_ns,
                                   .price = price,
                                   .index = 0,
                                   .kind = feeds::PriceUpdate::Kind::Index},
                now_ns);
  }

  // What was told since the last look, in one line.
  std::string look() {
    std::string text;
    for (const std::string& one : std::exchange(told, {})) text += (text.empty() ? "" : " ") + one;
    return text;
  }
};

}  // namespace portcullis::test
