#include "feeds/live/live_settings.h"

#include <algorithm>
#include <optional>
#include <string>

#include "feeds/source_dialect.h"

namespace portcullis::feeds {

namespace {

// One of what it is made of: a mid's bid comes with its ask.
MarketField field_of(config::SourceField field) {
  switch (field) {
    case config::SourceField::Index:
      return MarketField::Index;
    case config::SourceField::Last:
      return MarketField::Last;
    case config::SourceField::Mid:
      return MarketField::BestBid;
    case config::SourceField::Mark:
    case config::SourceField::Price:
      break;
  }
  return MarketField::Mark;
}

// The venue's word for it.
std::string interval_of(Dialect dialect, const std::string& configured) {
  switch (dialect) {
    case Dialect::Deribit:
      return configured.empty() ? "100ms" : configured;
    case Dialect::Binance:
      if (configured.empty()) return "1s";
      return configured == "3s" ? "" : configured;
    case Dialect::Bybit:
      break;
  }
  return {};
}

void add_once(std::vector<std::string>& symbols, const std::string& symbol) {
  if (std::find(symbols.begin(), symbols.end(), symbol) == symbols.end()) {
    symbols.push_back(symbol);
  }
}

void add_symbols(const config::Deployment& deployment, config::SourceIndex source,
                 ConversationSettings& settings) {
  for (const config::ReferenceSettings& reference : deployment.feed.references) {
    for (const config::ReferenceSource& from : reference.sources) {
      if (from.source != source) continue;
      switch (kind_with(settings.dialect, field_of(from.field))) {
        case UpdateKind::Ticker:
          add_once(settings.symbols, from.symbol);
          break;
        case UpdateKind::Book:
          add_once(settings.books, from.symbol);
          break;
        case UpdateKind::Trade:
          add_once(settings.trades, from.symbol);
          break;
      }
    }
  }
}

// What contracts are asked for comes with the ticker.
void add_contracts(const config::Deployment& deployment, config::SourceIndex source,
                   ConversationSettings& settings) {
  for (const config::FundingSettings& funding : deployment.feed.fundings)
    if (funding.source == source) add_once(settings.symbols, funding.symbol);
  for (const config::OpenInterestSettings& interest : deployment.feed.open_interests)
    if (interest.source == source) add_once(settings.symbols, interest.symbol);
}

void set(std::int64_t& value, const std::optional<std::int64_t>& configured) {
  if (configured) value = *configured;
}

ConversationSettings conversation_of(const config::Deployment& deployment,
                                     config::SourceIndex index) {
  const config::SourceSettings& source = deployment.feed.sources[index.value];
  const config::StreamSettings& stream = *source.stream;
  ConversationSettings settings;
  settings.dialect = *dialect_of(source.dialect);
  settings.interval = interval_of(settings.dialect, stream.interval);
  settings.limits.ahead_max_ns = source.ahead_max_ns;
  add_symbols(deployment, index, settings);
  add_contracts(deployment, index, settings);
  set(settings.connect_ns, stream.connect_ns);
  set(settings.silence_ns, stream.silence_ns);
  set(settings.updates_silence_ns, stream.prices_silence_ns);
  set(settings.back_off_first_ns, stream.reconnect_ns_min);
  set(settings.back_off_cap_ns, stream.reconnect_ns_max);
  // Of one that is configured alone, the other gives way.
  if (stream.reconnect_ns_max) {
    settings.back_off_first_ns = std::min(settings.back_off_first_ns, settings.back_off_cap_ns);
  } else {
    settings.back_off_cap_ns = std::max(settings.back_off_first_ns, settings.back_off_cap_ns);
  }
  return settings;
}

WebSocketSourceSettings stream_of(const config::Deployment& deployment, config::SourceIndex index) {
  const config::StreamSettings& stream = *deployment.feed.sources[index.value].stream;
  WebSocketSourceSettings settings;
  settings.host = stream.host;
  settings.port = stream.port;
  settings.path = stream.path;
  settings.tls.reset();
  if (stream.is_encrypted) settings.tls.emplace(TlsTrust{stream.authorities_file.string()});
  settings.conversation = conversation_of(deployment, index);
  return settings;
}

LineSourceSettings lines_of(const config::SourceSettings& source) {
  LineSourceSettings settings;
  settings.address = source.listen->address;
  settings.port = source.listen->port;
  settings.publishers = source.listen->publishers;
  set(settings.silence_ns, source.listen->silence_ns);
  settings.lines.ahead_max_ns = source.ahead_max_ns;
  return settings;
}

}  // namespace

std::vector<LiveSourceSettings> live_sources(const config::Deployment& deployment) {
  std::vector<LiveSourceSettings> live;
  for (std::uint32_t i = 0; i < deployment.feed.sources.size(); ++i) {
    const config::SourceIndex index{i};
    const config::SourceSettings& source = deployment.feed.sources[i];
    if (!source.stream && !source.listen) continue;
    LiveSourceSettings& added = live.emplace_back();
    added.name = deployment.names.sources.name(index);
    added.source = index;
    if (source.stream) {
      added.kind = stream_of(deployment, index);
    } else {
      added.kind = lines_of(source);
    }
  }
  return live;
}

}  // namespace portcullis::feeds
