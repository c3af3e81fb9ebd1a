#include "feeds/recorded_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "feeds/board/price_board.h"
#include "feeds/epoch_clock.h"
#include "feeds/source_dialect.h"

namespace portcullis::feeds {

namespace {}  // namespace

RecordedSources::RecordedSources(const config::Deployment& deployment,
                                 const RecordedSourcesSettings& settings)
    : settings_(settings) {
  for (std::uint32_t s = 0; s < deployment.feed.sources.size(); ++s) {
    const config::SourceSettings& from = deployment.feed.sources[s];
    if (from.file.empty()) continue;
    auto source = std::make_unique<Source>();
    source->index = {s};
    read(deployment, from, *source);
    const std::string& name = deployment.names.sources.name({s});
    if (source->session.rows.empty() && source->lines.empty())
      throw std::runtime_error(
          fmt::format("feeds.json: the recording of source {} is empty", name));
    if (settings.repeat && source->first_ns == source->last_ns) {
      throw std::runtime_error(fmt::format(
          "feeds.json: the recording of source {} has no time between its rows to repeat", name));
    }
    sources_.push_back(std::move(source));
  }
}

void RecordedSources::read(const config::Deployment& deployment,
                           const config::SourceSettings& settings, Source& source) {
  source.dialect = dialect_of(settings.dialect);
  if (source.dialect) {
    source.session = read_session_file(settings.file);
    problems_.insert(problems_.end(), source.session.problems.begin(),
                     source.session.problems.end());
    if (source.session.rows.empty()) return;
    source.first_ns = source.session.rows.front().time_ns;
    source.last_ns = source.first_ns;
    for (const SessionRow& row : source.session.rows)
      source.last_ns = std::max(source.last_ns, row.time_ns);
    return;
  }
  RecordedFile file = read_recorded_file(settings.file, config::FeedFormat::Csv,
                                         line_targets(deployment, source.index));
  problems_.insert(problems_.end(), file.problems.begin(), file.problems.end());
  source.lines = std::move(file.prices);
  if (source.lines.empty()) return;
  source.first_ns = source.lines.front().time_ns;
  source.last_ns = source.lines.back().time_ns;
}

void RecordedSources::begin(std::int64_t start_ns) {
  for (const auto& source : sources_) begin_round(*source, start_ns);
}

void RecordedSources::begin_round(Source& source, std::int64_t start_ns) const {
  source.start_ns = start_ns;
  source.next_line = 0;
  if (!source.dialect) return;
  source.player.reset();  // before its decoder
  source.decoder = std::make_unique<FeedDecoder>(*source.dialect);
  source.player = std::make_unique<SessionPlayer>(source.session, *source.decoder);
}

std::optional<std::int64_t> RecordedSources::Source::next_ns() const {
  if (player) return player->next_due_ns();
  if (next_line == lines.size()) return std::nullopt;
  return lines[next_line].time_ns;
}

std::int64_t RecordedSources::by_clock(const Source& source, std::int64_t recorded_ns) const {
  if (settings_.speed_ppm == 0) return source.start_ns;
  const risk::Int128 elapsed = risk::Int128{recorded_ns} - source.first_ns;
  const risk::Int128 time = source.start_ns + elapsed * risk::kPpm / settings_.speed_ppm;
  return static_cast<std::int64_t>(std::clamp<risk::Int128>(time, 0, kNever));
}

std::optional<std::int64_t> RecordedSources::due_ns(const Source& source) const {
  if (const auto next = source.next_ns()) return by_clock(source, *next);
  if (!settings_.repeat) return std::nullopt;
  return by_clock(source, source.last_ns);  // the first row of the next round
}

std::optional<std::int64_t> RecordedSources::next_due_ns() const {
  std::optional<std::int64_t> next;
  for (const auto& source : sources_) {
    const auto due = due_ns(*source);
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

std::size_t RecordedSources::play(Source& source, Market& market) const {
  const std::int64_t recorded_ns = *source.next_ns();
  const std::int64_t due_ns = by_clock(source, recorded_ns);
  if (!source.player) {
    const RecordedPrice& line = source.lines[source.next_line++];
    market.take(
        source.index,
        PriceUpdate{
            .as_of_ns = due_ns, .price = line.price, .index = line.index, .kind = line.kind},
        due_ns);
    return 1;
  }
  return source.player->play_until(recorded_ns, [&](const SessionRow&, const FeedFrame& frame) {
    for (const MarketUpdate& said : frame.updates) {
      MarketUpdate update = said;
      update.source_time_ns = by_clock(source, said.source_time_ns);
      update.arrival_ns = due_ns;
      if (said.next_funding_ns) update.next_funding_ns = by_clock(source, *said.next_funding_ns);
      market.take(source.index, update, due_ns);
    }
  });
}

bool RecordedSources::play_until(std::int64_t now_ns, Market& market, std::size_t rows_max) {
  for (std::size_t rows = 0; rows < rows_max;) {
    Source* first = nullptr;
    std::int64_t first_due_ns = now_ns;
    for (const auto& source : sources_) {
      const auto due = due_ns(*source);
      if (!due || *due > now_ns || (first != nullptr && *due >= first_due_ns)) continue;
      first = source.get();
      first_due_ns = *due;
    }
    if (first == nullptr) return true;
    if (!first->next_ns()) begin_round(*first, first_due_ns);
    rows += play(*first, market);
  }
  return false;
}

}  // namespace portcullis::feeds
