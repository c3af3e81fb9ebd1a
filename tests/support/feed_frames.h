// Frames of market data as a decoder wants them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "feeds/dialects/decoder.h"

namespace portcullis::test {

// Later than the times of the frames in the tests.
inline constexpr std::int64_t kArrivalNs = 1'700'000'000'000'000'000;

// Decodes one frame after the other; a result lives until the next.
class FeedFrames {
 public:
  explicit FeedFrames(feeds::Dialect dialect, const feeds::FeedDecoderLimits& limits = {})
      : decoder_(dialect, limits) {}

  const feeds::FeedFrame& operator()(std::string_view frame, std::int64_t arrival_ns = kArrivalNs) {
    bytes_.assign(frame);
    bytes_.append(feeds::kFeedFramePadding, '"');
    return decoder_.decode({bytes_.data(), frame.size()}, arrival_ns);
  }
  feeds::FeedDecoder* operator->() { return &decoder_; }
  [[nodiscard]] std::uint64_t frames(feeds::FrameKind kind) const {
    return decoder_.counts()[kind];
  }
  [[nodiscard]] std::uint64_t updates(feeds::UpdateOutcome outcome) const {
    return decoder_.counts().updates[outcome];
  }

 private:
  feeds::FeedDecoder decoder_;
  std::string bytes_;
};

// A field's number as text; "absent".
inline std::string shown(const feeds::MarketUpdate& update, feeds::MarketField field) {
  return update[field] ? config::to_decimal(*update[field]) : "absent";
}

// "mark=11.5 index=.. @1562305380000": all that is there, in one line, with times in milliseconds.
inline std::string shown(const feeds::MarketUpdate& update) {
  std::string text(update.symbol);
  for (std::size_t i = 0; i < feeds::kMarketFieldCount; ++i) {
    if (!update.values[i]) continue;
    text += " " + std::string(feeds::kMarketFieldNames[i]) + "=" +
            config::to_decimal(*update.values[i]);
  }
  if (update.next_funding_ns) {
    text += " next_funding=" + std::to_string(*update.next_funding_ns / 1'000'000);
  }
  return text + " @" + std::to_string(update.source_time_ns / 1'000'000);
}

// The update that a frame must have given; otherwise what it was instead.
inline std::string shown(const feeds::FeedFrame& frame) {
  if (frame.updates.size() == 1) return shown(frame.updates[0]);
  std::string text(feeds::kFrameKindNames[static_cast<std::size_t>(frame.kind)]);
  if (!frame.problem.empty()) text += ": " + frame.problem;
  for (const feeds::MarketUpdate& update : frame.updates) text += "\n" + shown(update);
  return text;
}

inline std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  if (at == std::string::npos) return "(not found) " + std::string(what);
  return text.replace(at, what.size(), with);
}

}  // namespace portcullis::test
