#include "gateway/commands/feed.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "feeds/session_player.h"
#include "gateway/json/writer.h"

namespace portcullis::gateway {

namespace {

using namespace feeds;

struct FeedLine {
  std::string session;
  std::string dialect;
  bool json = false;
};

constexpr std::size_t kProblemsMax = 20;

// Names with their counts, without those that are 0: "89 updates, 1 replies".
template <std::size_t kCount>
std::string shown(const std::array<std::string_view, kCount>& names,
                  const std::array<std::uint64_t, kCount>& counts) {
  std::string text;
  for (std::size_t i = 0; i < kCount; ++i) {
    if (counts[i] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", counts[i], names[i]);
  }
  return text.empty() ? "none" : text;
}

// "BTCUSDT", "BTCUSDT book": of a ticker the symbol says enough.
std::string name_of(const SymbolFeed& feed) {
  std::string name(feed.last.symbol);
  if (feed.last.kind == UpdateKind::Ticker) return name;
  return name.append(" ").append(kUpdateKindNames[static_cast<std::size_t>(feed.last.kind)]);
}

double seconds(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }

void print_text(const RecordedSession& session, const FeedDecoder& decoder) {
  const std::int64_t first_ns = session.rows.front().time_ns;
  const std::int64_t last_ns = session.rows.back().time_ns;
  std::cout << fmt::format("{} rows over {:.3f} s; frames: {}; updates: {}\n", session.rows.size(),
                           seconds(last_ns - first_ns),
                           shown(kFrameKindNames, decoder.counts().frames),
                           shown(kOutcomeNames, decoder.counts().updates.outcomes));
  for (const SymbolFeed* const feed : decoder.symbols()) {
    std::string values;
    for (std::size_t i = 0; i < kMarketFieldCount; ++i) {
      const auto& value = feed->last.values[i];
      if (value) values += fmt::format(" {} {}", kMarketFieldNames[i], to_decimal(*value));
    }
    std::cout << fmt::format("{:<24} {}; {:.3f} s old:{}\n", name_of(*feed),
                             shown(kOutcomeNames, feed->counts.outcomes),
                             seconds(last_ns - feed->last.source_time_ns), values);
  }
}

template <std::size_t kCount>
void write_counts(json::Writer& out, std::string_view name,
                  const std::array<std::string_view, kCount>& names,
                  const std::array<std::uint64_t, kCount>& counts) {
  out.key(name).begin_object();
  for (std::size_t i = 0; i < kCount; ++i)
    out.number(names[i], static_cast<std::int64_t>(counts[i]));
  out.end_object();
}

void print_json(const FeedLine& line, const RecordedSession& session, const FeedDecoder& decoder) {
  json::Buffer buffer;
  json::Writer out(buffer);
  const std::int64_t last_ns = session.rows.back().time_ns;
  out.begin_object().text("session", line.session).text("dialect", line.dialect);
  out.number("rows", static_cast<std::int64_t>(session.rows.size()));
  out.number("damaged_lines", static_cast<std::int64_t>(session.counts.damaged));
  out.number("first_ns", session.rows.front().time_ns).number("last_ns", last_ns);
  write_counts(out, "frames", kFrameKindNames, decoder.counts().frames);
  write_counts(out, "updates", kOutcomeNames, decoder.counts().updates.outcomes);
  out.number("zeros", static_cast<std::int64_t>(decoder.counts().updates.zeros));
  out.key("symbols").begin_list();
  for (const SymbolFeed* const feed : decoder.symbols()) {
    out.begin_object().text("symbol", feed->last.symbol);
    out.text("kind", kUpdateKindNames[static_cast<std::size_t>(feed->last.kind)]);
    write_counts(out, "updates", kOutcomeNames, feed->counts.outcomes);
    out.number("zeros", static_cast<std::int64_t>(feed->counts.zeros));
    out.number("source_time_ns", feed->last.source_time_ns);
    out.number("arrival_ns", feed->last.arrival_ns);
    out.number("age_ns", last_ns - feed->last.source_time_ns);
    out.key("last").begin_object();
    for (std::size_t i = 0; i < kMarketFieldCount; ++i) {
      const auto& value = feed->last.values[i];
      if (value) out.text(kMarketFieldNames[i], to_decimal(*value));
    }
    if (feed->last.next_funding_ns) out.number("next_funding_ns", *feed->last.next_funding_ns);
    out.end_object().end_object();
  }
  out.end_list().end_object();
  std::cout << std::string_view(buffer.data(), buffer.size()) << '\n';
}

void play(const FeedLine& line) {
  const RecordedSession session = read_session_file(line.session);
  for (const std::string& problem : session.problems) std::cerr << problem << '\n';
  if (session.rows.empty()) throw CLI::RuntimeError(1);
  FeedDecoder decoder(*dialect_named(line.dialect));
  std::size_t problems = 0;
  SessionPlayer(session, decoder).play_all([&](const SessionRow& row, const FeedFrame& frame) {
    if (frame.problem.empty() || problems++ >= kProblemsMax) return;
    std::cerr << fmt::format("{}:{}: {}\n", line.session, row.line, frame.problem);
  });
  if (line.json) {
    print_json(line, session, decoder);
  } else {
    print_text(session, decoder);
  }
}

}  // namespace

void add_feed_command(CLI::App& app) {
  auto line = std::make_shared<FeedLine>();
  CLI::App* command =
      app.add_subcommand("feed", "play a recorded market data session and print what came of it");
  command->add_option("--session", line->session, "the recorded session")->required();
  command->add_option("--dialect", line->dialect, "whose frames they are")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>(kDialectNames.begin(), kDialectNames.end())));
  command->add_flag("--json", line->json, "one JSON object instead of text");
  command->callback([line] { play(*line); });
}

}  // namespace portcullis::gateway
