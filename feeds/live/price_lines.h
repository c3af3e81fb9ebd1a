// A venue's own prices as lines of text over TCP: the words, without the socket. The gate listens; the
// publisher connects and says
//
//   source NAME                      first, and once: which source it is; answered "ok NAME"
//   mark SYMBOL PRICE TIME_NS        the mark of an instrument
//   index ASSET PRICE TIME_NS        the index of an asset
//   ping                             answered "pong"
//
// A line ends with LF or CR LF; words are parted by one space. PRICE is a decimal above zero, TIME_NS
// the nanoseconds since the epoch at which that was the price. Prices are not answered. A line that is
// none is answered
//
//   error LINE what                  LINE counts from 1
//
// and nothing else happens: the last good price stays, with its age. So are lines whose time is
// before that of the last of the same price, or ahead of the gate's clock by more than ahead_max_ns.
// What says the same again is no error, and no price: it counts as a duplicate. Before its name, and
// with a wrong one, a publisher is told and closed.
//
// One thread. A price allocates nothing once its symbol is known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "feeds/live/source.h"

namespace portcullis::feeds {

struct PriceLineSettings {
  std::string name{};
  std::size_t line_bytes_max = 256;  // without its end
  std::size_t symbols_max = 16'384;  // marks and indexes
  std::int64_t ahead_max_ns = 2'000'000'000;
};

// What the source knows, over all connections.
class PriceLines {
 public:
  explicit PriceLines(const PriceLineSettings& settings) : settings_(settings) {}

  // A new connection: its lines count from 1, and its publisher has no name yet.
  void connected();

  // What came, in pieces of any size. Answers, each with its LF, are appended to `answers`. False:
  // the publisher must go, once it has the answers.
  [[nodiscard]] bool take(std::string_view bytes, std::int64_t now_ns,
                          const std::function<void(const MarketUpdate&)>& on_update,
                          std::string& answers);
  // The connection ended; a line that was begun is malformed.
  void ended();

  [[nodiscard]] bool has_name() const { return has_name_; }
  [[nodiscard]] const SourceCounters& counters() const { return counters_; }
  [[nodiscard]] SourceCounters& counters() { return counters_; }
  [[nodiscard]] const UpdateCounts& outcomes() const { return outcomes_; }
  // The last answer "error ..", without the line's number. Empty: none yet.
  [[nodiscard]] const std::string& last_error() const { return last_error_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Known = std::unordered_map<std::string, MarketUpdate, Hash, std::equal_to<>>;

  bool take_line(std::string_view line, std::int64_t now_ns,
                 const std::function<void(const MarketUpdate&)>& on_update, std::string& answers);
  // What is wrong with it; empty: nothing.
  std::string_view take_price(std::string_view line, MarketField field, std::int64_t now_ns,
                              const std::function<void(const MarketUpdate&)>& on_update);
  void answer_error(std::string_view what, std::string& answers);
  std::string_view refuse(UpdateOutcome outcome, std::string_view what);

  const PriceLineSettings settings_;
  Known marks_;
  Known indexes_;
  SourceCounters counters_;
  UpdateCounts outcomes_;
  std::string last_error_;

  std::string begun_;         // a line without its end
  bool is_too_long_ = false;  // what comes up to the next end belongs to it
  bool has_name_ = false;
  std::uint64_t line_ = 0;
};

}  // namespace portcullis::feeds
