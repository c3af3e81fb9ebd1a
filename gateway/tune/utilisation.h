// How much of each limit is used over a recording: peaks, percentiles, near misses, how long each
// warning level is exceeded, on how many days it refuses.
//
// Limits of one order (clip, notional, collar) are measured by the orders that pass: how much of the
// limit each takes. Standing limits are looked at behind each order that passes, which is when they
// can grow, for peaks and near misses; and of a sample in each step of recorded time in which anything
// was recorded, for percentiles and times. A limit that no order has come to is not measured, and
// before the first has come what is in use counts as nothing.
//
// What is used and the limit are in the limit's unit: lots, quanta of the risk currency, a number;
// millionths of the mark for collars; for leverage, margin and a day's loss quanta against what there is
// at that moment.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/deployment.h"
#include "gateway/limits/standing_limits.h"
#include "gateway/tune/distribution.h"
#include "gateway/tune/rejudge.h"
#include "risk/engine.h"

namespace portcullis::gateway::tune {

using config::has_instrument;
using config::is_of_one_order;
using config::Limit;
using config::name_of;
using limits::LimitId;
using limits::Place;
using limits::Reading;

struct LimitUse {
  // Largest share of the limit that was used, in ppm; what and when that was.
  std::int64_t peak_ppm = 0;
  std::int64_t peak = 0;
  std::int64_t peak_limit = 0;
  risk::Timestamp peak_at;
  std::int64_t limit = 0;         // when it was looked at last
  Distribution used;              // of orders, or of samples; quanta, lots, ...
  Distribution shares{12};        // the same in ppm of the limit
  std::uint64_t passed = 0;       // orders that came to it and passed
  std::uint64_t refused = 0;      // that it refused
  std::uint64_t near_misses = 0;  // that passed and left it used to `near_ppm` or more
  std::uint64_t days = 0;         // on which orders came to it
  std::uint64_t days_refused = 0;
  // Of a standing limit, where there are not too many of them: the share in use, in thousandths, in
  // each sample from `series_from` on.
  std::vector<std::uint16_t> series;
  std::size_t series_from = 0;
  std::int64_t last_day = -1;
  std::int64_t last_day_refused = -1;
};

// Of an instrument.
struct InstrumentOrders {
  Distribution lots;        // of orders that passed
  std::int64_t traded = 0;  // lots that the recording's orders were filled with
};

class Utilisation {
 public:
  struct Settings {
    std::int64_t near_ppm = 900'000;
    std::int64_t step_ns = risk::kSecondNs;
  };
  // The candidate's deployment and engine, which must outlive this.
  Utilisation(const config::Deployment& candidate, risk::Engine& engine, Settings settings);

  // Behind Rejudge::take(): a message of a client, and any record.
  void take(const Judged& judged);
  void take(const journal::RecordView& view);

  [[nodiscard]] const std::map<LimitId, LimitUse>& limits() const { return limits_; }
  [[nodiscard]] const std::vector<InstrumentOrders>& orders() const { return orders_; }
  [[nodiscard]] std::uint64_t samples() const { return sample_times_.size(); }
  [[nodiscard]] const std::vector<risk::Timestamp>& sample_times() const { return sample_times_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  // Of what percentiles are taken: the samples, or of limits of one order the orders.
  [[nodiscard]] std::uint64_t population(const LimitId& id, const LimitUse& use) const {
    return is_of_one_order(id.limit) ? use.used.count() : samples();
  }
  // In a share of the samples, in ppm, more than so much of the limit was used.
  [[nodiscard]] std::int64_t time_above_ppm(const LimitId& id, const LimitUse& use,
                                            std::int64_t level_ppm) const;
  // Where the candidate's limit is written, in limits.json; empty: it is not one number there.
  [[nodiscard]] std::string key_of(const LimitId& id) const;

 private:
  void touch(risk::AccountIndex account, risk::InstrumentIndex instrument);
  void passes(const Judged& judged);
  void passes_one(const Place& place, const Judged& judged);
  void is_refused(const Judged& judged);
  void peak(LimitUse& use, const Reading& reading, risk::Timestamp time) const;
  void count_order(LimitUse& use, risk::Timestamp time) const;
  void sample();

  const config::Deployment& candidate_;
  risk::Engine& engine_;
  const Settings settings_;
  std::map<LimitId, LimitUse> limits_;
  std::vector<InstrumentOrders> orders_;
  // The recording's numbers, rising, and of which instruments their orders are.
  std::vector<std::pair<std::uint32_t, risk::InstrumentIndex>> numbers_;
  std::vector<risk::Timestamp> sample_times_;
  std::int64_t step_ = -1;  // the last one in which there was a record
};

}  // namespace portcullis::gateway::tune
