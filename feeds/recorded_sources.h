// The recorded sources of a deployment (config::SourceSettings::file), played into its market.
//
// Each recording begins when it is told to, whenever it was made, and its times are moved with it,
// those within its frames too: what a source said so long after its first row it says so long after
// the start, by the clock and by its own word. `speed` stretches that. So prices are as fresh as they
// were, and one that was late is late.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/deployment.h"
#include "feeds/dialects/decoder.h"
#include "feeds/market.h"
#include "feeds/recorded_file.h"
#include "feeds/session_file.h"
#include "feeds/session_player.h"

namespace portcullis::feeds {

struct RecordedSourcesSettings {
  // Recorded time runs so many times faster than the clock's. 0: all is due at the start.
  std::int64_t speed_ppm = risk::kPpm;
  // Each recording begins again at its end.
  bool repeat = false;
};

// One thread; times are the epoch's and given by the caller.
class RecordedSources {
 public:
  // Reads all of them. Throws std::runtime_error for one that holds nothing, or settings that cannot
  // work with it.
  RecordedSources(const config::Deployment& deployment, const RecordedSourcesSettings& settings);

  // What was wrong with rows that were left out, for people.
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

  // Once, first.
  void begin(std::int64_t start_ns);
  // Plays what is due, at most about `rows_max` rows, each at the time it was due: how late the clock
  // looks makes no difference. True: all that is due was played.
  bool play_until(std::int64_t now_ns, Market& market, std::size_t rows_max);
  // None: all is played.
  [[nodiscard]] std::optional<std::int64_t> next_due_ns() const;
  [[nodiscard]] bool empty() const { return sources_.empty(); }

 private:
  struct Source {
    config::SourceIndex index{};
    std::int64_t first_ns = 0;  // in recorded time
    std::int64_t last_ns = 0;
    std::int64_t start_ns = 0;  // by the clock, of this round
    // Of a venue's dialect, for this round; null: lines.
    std::optional<Dialect> dialect{};
    RecordedSession session{};
    std::unique_ptr<FeedDecoder> decoder{};
    std::unique_ptr<SessionPlayer> player{};
    std::vector<RecordedPrice> lines{};
    std::size_t next_line = 0;

    // In recorded time; none: the round is over.
    [[nodiscard]] std::optional<std::int64_t> next_ns() const;
  };

  void read(const config::Deployment& deployment, const config::SourceSettings& settings,
            Source& source);
  void begin_round(Source& source, std::int64_t start_ns) const;
  [[nodiscard]] std::int64_t by_clock(const Source& source, std::int64_t recorded_ns) const;
  [[nodiscard]] std::optional<std::int64_t> due_ns(const Source& source) const;
  // All rows of one time. Returns how many.
  std::size_t play(Source& source, Market& market) const;

  const RecordedSourcesSettings settings_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<std::string> problems_;
};

}  // namespace portcullis::feeds
