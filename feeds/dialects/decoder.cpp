#include "feeds/dialects/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "feeds/dialects/parse.h"

namespace portcullis::feeds {

namespace {

constexpr std::uint32_t bit_of(MarketField field) {
  return std::uint32_t{1} << static_cast<unsigned>(field);
}
constexpr std::uint32_t kOfOptions = bit_of(MarketField::MarkIv) | bit_of(MarketField::Delta) |
                                     bit_of(MarketField::Gamma) | bit_of(MarketField::Vega) |
                                     bit_of(MarketField::Theta) | bit_of(MarketField::Rho);

// The words of the frame and the values themselves: only options have them.
bool is_option(const ParsedUpdate& item) { return (item.given & kOfOptions) != 0; }

void count(UpdateCounts& counts, UpdateOutcome outcome) {
  ++counts.outcomes[static_cast<std::size_t>(outcome)];
}

// What a delta does not name stays; any other update says everything.
MarketUpdate merged(const ParsedUpdate& item, const MarketUpdate& last) {
  MarketUpdate update;
  if (item.is_delta) update = last;
  update.kind = item.kind;
  update.source_time_ns = *item.time_ns;
  for (std::size_t i = 0; i < kMarketFieldCount; ++i) {
    if (is_given(item, static_cast<unsigned>(i))) update.values[i] = item.values[i];
  }
  if (is_given(item, kOfNextFunding)) update.next_funding_ns = item.next_funding_ns;
  return update;
}

}  // namespace

std::optional<Dialect> dialect_named(std::string_view name) {
  const auto* const found = std::find(kDialectNames.begin(), kDialectNames.end(), name);
  if (found == kDialectNames.end()) return std::nullopt;
  return static_cast<Dialect>(found - kDialectNames.begin());
}

UpdateKind kind_with(Dialect dialect, MarketField field) {
  return dialect == Dialect::Binance ? binance_kind_with(field) : UpdateKind::Ticker;
}

FeedDecoder::FeedDecoder(Dialect dialect, const FeedDecoderLimits& limits)
    : dialect_(dialect), limits_(limits), parsed_(std::make_unique<ParsedFrame>()) {
  // What cannot be allocated here cannot be later, and then the frames are malformed.
  if (parser_.allocate(limits.frame_bytes_max) != simdjson::SUCCESS) return;
}
FeedDecoder::~FeedDecoder() = default;

const FeedFrame& FeedDecoder::decode(std::string_view frame, std::int64_t arrival_ns) {
  parsed_->kind = FrameKind::Other;
  parsed_->items.clear();
  parsed_->problem.clear();
  parsed_->bad_envelope = false;
  parsed_->reply_to = {};
  parsed_->error_code = 0;
  frame_.updates.clear();
  frame_.problem.clear();
  frame_.has_hole = false;
  frame_.no_snapshot = {};

  if (!parse(frame)) {
    parsed_->kind = FrameKind::Malformed;
    frame_.problem = parsed_->problem;
  }
  frame_.kind = parsed_->kind;
  frame_.reply_to = {};
  frame_.error_code = 0;
  ++counts_.frames[static_cast<std::size_t>(frame_.kind)];
  switch (frame_.kind) {
    case FrameKind::Updates:
      for (const ParsedUpdate& item : parsed_->items) take(item, arrival_ns);
      break;
    case FrameKind::Error:
      frame_.problem = parsed_->problem;
      frame_.error_code = parsed_->error_code;
      frame_.reply_to = parsed_->reply_to;
      break;
    case FrameKind::Reply:
      frame_.reply_to = parsed_->reply_to;
      break;
    case FrameKind::Malformed:
      forget_snapshots();
      break;
    case FrameKind::Heartbeat:
    case FrameKind::TestRequest:
    case FrameKind::Other:
      break;
  }
  return frame_;
}

bool FeedDecoder::parse(std::string_view frame) {
  if (frame.size() > limits_.frame_bytes_max) {
    parsed_->problem = fmt::format("has more than {} bytes", limits_.frame_bytes_max);
    return false;
  }
  simdjson::ondemand::document document;
  bool is_json =
      parser_.iterate(frame.data(), frame.size(), frame.size() + kFeedFramePadding).get(document) ==
      simdjson::SUCCESS;
  if (is_json) {
    switch (dialect_) {
      case Dialect::Deribit:
        is_json = parse_deribit(document, *parsed_);
        break;
      case Dialect::Binance:
        is_json = parse_binance(document, *parsed_);
        break;
      case Dialect::Bybit:
        is_json = parse_bybit(document, *parsed_);
        break;
    }
  }
  if (!is_json) parsed_->problem = "is no JSON message";
  return is_json && !parsed_->bad_envelope;
}

void FeedDecoder::take(const ParsedUpdate& item, std::int64_t arrival_ns) {
  Symbols& symbols = symbols_[static_cast<std::size_t>(item.kind)];
  const auto found = symbols.find(item.symbol);
  SymbolFeed* feed = found == symbols.end() ? nullptr : &found->second;
  MarketUpdate update;
  std::uint32_t zeros = 0;
  const UpdateOutcome outcome = judge(item, feed, arrival_ns, update, zeros);
  count(counts_.updates, outcome);
  if (outcome == UpdateOutcome::Taken) {
    if (feed == nullptr) {
      const auto added = symbols.try_emplace(std::string(item.symbol)).first;
      feed = &added->second;
      feed->last.symbol = added->first;
    }
    update.symbol = feed->last.symbol;
    update.arrival_ns = arrival_ns;
    feed->last = update;
    feed->has_snapshot = true;
    feed->counts.zeros += zeros;
    counts_.updates.zeros += zeros;
    frame_.updates.push_back(update);
  }
  if (feed != nullptr) count(feed->counts, outcome);
  if (outcome == UpdateOutcome::NoSnapshot && frame_.no_snapshot.empty()) {
    frame_.no_snapshot = item.symbol;
  }
  if (outcome == UpdateOutcome::Taken || outcome == UpdateOutcome::Duplicate) {
    if (item.sequence) feed->sequence = *item.sequence;
    return;
  }
  // A change that was not taken is missing from then on.
  if (!is_symbol(item.symbol)) {
    forget_snapshots();
  } else if (feed != nullptr && dialect_ == Dialect::Bybit) {
    frame_.has_hole = frame_.has_hole || feed->has_snapshot;
    feed->has_snapshot = false;
  }
}

UpdateOutcome FeedDecoder::judge(const ParsedUpdate& item, const SymbolFeed* feed,
                                 std::int64_t arrival_ns, MarketUpdate& update,
                                 std::uint32_t& zeros) {
  std::string fault = item.fault;
  if (fault.empty() && !is_symbol(item.symbol)) {
    fault = item.symbol.empty() ? "the symbol is missing" : "the symbol is none";
  }
  if (fault.empty() && !item.time_ns) fault = "the time is missing";
  if (!fault.empty()) {
    if (frame_.problem.empty()) frame_.problem = std::move(fault);
    return UpdateOutcome::Fault;
  }
  if (feed == nullptr &&
      symbols_[static_cast<std::size_t>(item.kind)].size() >= limits_.symbols_max) {
    return UpdateOutcome::TooManySymbols;
  }
  if (*item.time_ns - arrival_ns > limits_.ahead_max_ns) return UpdateOutcome::Future;
  if (item.is_delta && (feed == nullptr || !feed->has_snapshot)) return UpdateOutcome::NoSnapshot;
  if (feed != nullptr && *item.time_ns < feed->last.source_time_ns)
    return UpdateOutcome::OutOfOrder;
  if (item.is_delta && *item.sequence < feed->sequence) return UpdateOutcome::OutOfOrder;

  update = merged(item, feed != nullptr ? feed->last : MarketUpdate{});
  zeros = item.zeros;
  std::optional<config::ExactDecimal>& mark = update[MarketField::Mark];
  if (mark && mark->digits == 0 && !is_option(item)) {
    mark.reset();
    ++zeros;
  }
  // Where the snapshot was lost, saying the same again is news.
  const bool is_complete = feed != nullptr && feed->has_snapshot;
  return is_complete && update.says_the_same(feed->last) ? UpdateOutcome::Duplicate
                                                         : UpdateOutcome::Taken;
}

void FeedDecoder::forget_snapshots() {
  if (dialect_ != Dialect::Bybit) return;
  for (Symbols& symbols : symbols_) {
    for (auto& [name, feed] : symbols) {
      frame_.has_hole = frame_.has_hole || feed.has_snapshot;
      feed.has_snapshot = false;
    }
  }
}

void FeedDecoder::connected() { forget_snapshots(); }

const SymbolFeed* FeedDecoder::find(std::string_view symbol, UpdateKind kind) const {
  const Symbols& symbols = symbols_[static_cast<std::size_t>(kind)];
  const auto found = symbols.find(symbol);
  return found == symbols.end() ? nullptr : &found->second;
}

std::vector<const SymbolFeed*> FeedDecoder::symbols() const {
  std::vector<const SymbolFeed*> feeds;
  for (const Symbols& symbols : symbols_) {
    for (const auto& [name, feed] : symbols) feeds.push_back(&feed);
  }
  std::sort(feeds.begin(), feeds.end(), [](const SymbolFeed* a, const SymbolFeed* b) {
    return std::tie(a->last.symbol, a->last.kind) < std::tie(b->last.symbol, b->last.kind);
  });
  return feeds;
}

}  // namespace portcullis::feeds
