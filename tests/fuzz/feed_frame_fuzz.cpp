// Frames of market data from anywhere, to each dialect: no crash, each counted once, nothing taken
// that is no JSON or has numbers that cannot be; and lists of instruments from anywhere.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/json.h"
#include "feeds/dialects/decoder.h"
#include "feeds/dialects/deribit_instruments.h"
#include "tests/fuzz/json_text.h"

namespace {

using namespace portcullis;
using namespace portcullis::fuzz;
using namespace portcullis::feeds;

constexpr std::int64_t kArrivalNs = 1'700'000'000'000'000'000;
constexpr FeedDecoderLimits kLimits{.frame_bytes_max = 4'096, .symbols_max = 4};

std::size_t depth(const config::Json& json) {
  std::size_t deepest = 0;
  for (const config::Json& item : json.items) deepest = std::max(deepest, depth(item) + 1);
  for (const config::JsonMember& member : json.members)
    deepest = std::max(deepest, depth(member.value) + 1);
  return deepest;
}

std::uint64_t sum(const auto& counts) {
  std::uint64_t all = 0;
  for (const std::uint64_t count : counts) all += count;
  return all;
}

void check_update(const MarketUpdate& update) {
  require(!update.symbol.empty() && update.symbol.size() <= 64 && is_printable(update.symbol));
  require(update.source_time_ns > 0);
  require(update.source_time_ns <= update.arrival_ns + kLimits.ahead_max_ns);
  for (const MarketField field :
       {MarketField::Index, MarketField::Last, MarketField::BestBid, MarketField::BestAsk,
        MarketField::Underlying, MarketField::MarkIv}) {
    require(!update[field] || update[field]->digits > 0);
  }
  // A kind says nothing of the others' fields.
  if (update.kind != UpdateKind::Ticker) {
    for (std::size_t i = 0; i < kMarketFieldCount; ++i) {
      const auto field = static_cast<MarketField>(i);
      require(!update[field] || kind_with(Dialect::Binance, field) == update.kind);
    }
    require(!update.next_funding_ns);
  }
  require(!update[MarketField::Mark] || update[MarketField::Mark]->digits >= 0);
  require(!update.next_funding_ns || *update.next_funding_ns > 0);
  for (const auto& value : update.values) {
    if (!value) continue;
    require(value->scale >= 0 && value->scale <= config::kExactScaleMax + 2);
    require(value->scale == 0 || value->digits % 10 != 0);
  }
}

void check_frame(const FeedFrame& frame, std::string_view text, std::uint64_t faults) {
  for (const MarketUpdate& update : frame.updates) check_update(update);
  require(frame.kind == FrameKind::Updates || frame.updates.empty());
  require(frame.kind != FrameKind::Malformed || !frame.problem.empty());
  require(faults == 0 || !frame.problem.empty());
  require(is_printable(frame.reply_to));
  if (frame.kind == FrameKind::Malformed || text.size() > kLimits.frame_bytes_max) return;
  // What is not malformed is JSON.
  const config::JsonResult parsed = config::parse_json(text);
  require(parsed.error.empty() || has_large_number(text));
  require(!parsed.error.empty() || depth(parsed.json) <= 33);
}

void decode(Dialect dialect, std::string_view text) {
  // What stands behind a frame is not looked at.
  std::string frame(text);
  frame.append(kFeedFramePadding, '\0');
  FeedDecoder decoder(dialect, kLimits);
  FeedDecoder other(dialect, kLimits);
  const FeedFrame& first = decoder.decode({frame.data(), text.size()}, kArrivalNs);
  check_frame(first, text, decoder.counts().updates[UpdateOutcome::Fault]);
  require(sum(decoder.counts().frames) == 1);
  const std::size_t taken = first.updates.size();
  require(decoder.counts().updates[UpdateOutcome::Taken] == taken);

  std::fill(frame.begin() + static_cast<std::ptrdiff_t>(text.size()), frame.end(), '"');
  const FeedFrame& second = other.decode({frame.data(), text.size()}, kArrivalNs);
  require(second.kind == first.kind && second.problem == first.problem);
  require(second.updates.size() == taken);
  for (std::size_t i = 0; i < taken; ++i)
    require(second.updates[i].says_the_same(first.updates[i]));

  // The same again brings nothing new, unless a list says several things of one symbol.
  std::array<std::size_t, kUpdateKindNames.size()> known{};
  for (const SymbolFeed* const feed : decoder.symbols()) {
    require(++known[static_cast<std::size_t>(feed->last.kind)] <= kLimits.symbols_max);
  }
  const FeedFrame& again = decoder.decode({frame.data(), text.size()}, kArrivalNs);
  require(again.kind == first.kind);
  if (taken == 1 && sum(decoder.counts().updates.outcomes) == 2) {
    require(decoder.counts().updates[UpdateOutcome::Duplicate] == 1);
  }
  for (const SymbolFeed* const feed : decoder.symbols()) check_update(feed->last);
}

void read_list(std::string_view text) {
  const DeribitInstruments list = read_deribit_instruments(text);
  require(list.refused == 0 || !list.problems.empty());
  for (const OptionDescription& option : list.options) {
    const auto name = parse_deribit_option_name(option.name);
    require(name && name->strike == option.strike && name->kind == option.kind);
    require(option.expiry_ns > 0 && option.strike.digits > 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Dialect dialect : {Dialect::Deribit, Dialect::Binance, Dialect::Bybit})
    decode(dialect, text);
  read_list(text);
  return 0;
}
