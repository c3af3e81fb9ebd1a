// One account's story on the engine, for the economic properties: what a margin promises is judged
// on the outcomes, and each outcome is tried on an engine that has been told the same up to there.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <variant>
#include <vector>

#include "risk/engine.h"
#include "tests/support/random_world.h"

namespace portcullis::support {

// A table, kept for as long as an engine may look at it.
struct Published {
  risk::TableUpdate update;
  std::shared_ptr<const risk::RiskTable> table;
};
using Told = std::variant<risk::NewOrder, risk::ReplaceOrder, risk::VenueEvent, risk::MarkUpdate,
                          risk::IndexUpdate, risk::LoadBalance, risk::LoadPosition, risk::Interest,
                          risk::FundingUpdate, risk::OpenInterestUpdate, risk::Realise,
                          risk::Recheck, Published>;

// All of it happens at one moment, for account 0 and session 0; prices are in ticks or mark units as
// the commands have them.
class Story {
 public:
  static constexpr risk::AccountIndex kAccount{0};
  static constexpr risk::Timestamp kNow{1'700'000'000 * risk::kSecondNs};

  explicit Story(const risk::Parameters& parameters)
      : Story(std::make_shared<const risk::Parameters>(parameters)) {}

  // An engine that has heard the same.
  [[nodiscard]] Story retell() const;

  risk::Decision tell(const Told& told);
  void mark(std::uint32_t instrument, std::int64_t price);
  void index(std::uint32_t asset, std::int64_t value);
  void balance(std::uint32_t asset, std::int64_t units);
  void position(std::uint32_t instrument, std::int64_t lots, std::int64_t price);
  void publish(const risk::RiskTable& table);
  risk::Decision order(std::uint32_t instrument, risk::Side side, std::int64_t lots,
                       std::int64_t price, std::uint16_t flags = 0);
  risk::Decision replace(std::uint32_t original_ref, std::int64_t total, std::int64_t price);

  // The venue's word. Fills are at the order's own price unless said otherwise; nothing happens
  // where the order has ended.
  void venue(risk::VenueEventType type, std::uint32_t number, std::int64_t lots,
             std::int64_t price = 0, std::uint32_t other = 0);
  void fill(std::uint32_t number, std::int64_t lots);
  void fill(std::uint32_t number, std::int64_t lots, std::int64_t price);
  void cancel(std::uint32_t number);
  void cancel(std::uint32_t number, std::int64_t lots);

  [[nodiscard]] risk::MarginReport margin() { return engine_->margin(kAccount, kNow); }
  [[nodiscard]] std::int64_t available() { return margin().available.raw; }
  [[nodiscard]] std::int64_t position(std::uint32_t instrument) const {
    return engine_->position(kAccount, {instrument}).raw;
  }
  // Wide of one unit of the asset.
  [[nodiscard]] risk::Int128 unit(risk::AssetIndex asset) const {
    return risk::Int128{indexes_[asset.value]} * parameters_->assets[asset.value].wide_per_index;
  }
  // The mark in mark units.
  [[nodiscard]] std::int64_t mark(std::uint32_t instrument) const {
    return engine_->mark({instrument}).raw;
  }
  // The mark in ticks, at least one.
  [[nodiscard]] std::int64_t at_mark(std::uint32_t instrument) const;
  // The live order under a number, or null.
  [[nodiscard]] const risk::Order* find(std::uint32_t number) const;
  [[nodiscard]] std::int64_t leaves(std::uint32_t number) const;
  [[nodiscard]] std::uint32_t client_ref() const { return client_ref_; }
  [[nodiscard]] const risk::Parameters& parameters() const { return *parameters_; }
  [[nodiscard]] risk::Engine& engine() { return *engine_; }
  [[nodiscard]] const risk::Engine& engine() const { return *engine_; }

 private:
  explicit Story(std::shared_ptr<const risk::Parameters> parameters);

  std::shared_ptr<const risk::Parameters> parameters_;
  std::vector<Told> log_;
  std::unique_ptr<risk::Engine> engine_;
  std::vector<std::shared_ptr<const risk::RiskTable>> tables_;  // by group: the last one
  std::vector<std::int64_t> indexes_;                           // by asset
  std::uint32_t client_ref_ = 0;
  std::uint64_t match_ = 0;
};

// What the initial requirement takes at most of a quantum that moves with the factor, where it falls
// furthest and where it rises furthest.
struct Taken {
  std::int64_t of_fall_ppm = 0;
  std::int64_t of_rise_ppm = 0;
};
Taken taken_of(const risk::Parameters& p, risk::FactorIndex factor);

// Whether some capped asset falls in scenarios: as costs go more of it counts, and more of it falls.
bool has_falling_caps(const risk::Parameters& p);

// A random world with every feature of the margin, in which nothing but margin refuses. Where there may
// be protections, what fills is not always counted in full: it is but of exits.
risk::Parameters margin_world(Rng& rng, bool protections = false);
// Everything priced and published, with something of every asset and in most instruments.
Story opening(Rng& rng, const risk::Parameters& p);
// Marks, indexes, tables, open interest and funding wander, now and then far.
void move_prices(Rng& rng, Story& story);

std::uint32_t some_instrument(Rng& rng, const risk::Parameters& p);
// A random order near the mark, on either side of it.
struct Intention {
  std::uint32_t instrument = 0;
  risk::Side side = risk::Side::Sell;
  std::int64_t lots = 0;
  std::int64_t price = 0;
};
Intention some_order(Rng& rng, const Story& story);
// One that closes some of a position, at a price from the mark to the collar; 0 lots for none.
Intention some_close(Rng& rng, const Story& story);
// The same at the worst price that is accepted, where some price of these is.
Intention edge_close(Rng& rng, const Story& story);
inline risk::Decision place(Story& story, const Intention& i, std::uint16_t flags = 0) {
  return story.order(i.instrument, i.side, i.lots, i.price, flags);
}
// Takes money away until R is below 0, by `most` or less. False when it could not.
bool breach(Rng& rng, Story& story, std::int64_t most);

// What filled orders in these instruments may leave R lower by rounding alone.
//
// Gains that are paid in an asset that falls in scenarios are lost again in part: E rises by x and
// the exposure by no more than x, rounded up. E - C is rounded down, so that it rises by floor(x)
// at least; the exposures to F such factors rise by at most floor(x) + F, and Req by no more than
// they do, since what a scenario takes of a gain is at most the gain. Costs are exact: E - C has one
// rounding, and every other figure only falls with a fill.
std::int64_t fill_rounding(const risk::Parameters& p, const std::set<std::uint32_t>& instruments);
// The same where exits fill in part. Req is convex along a fill but for its roundings: the exposure
// to each factor that the fill moves is rounded once, by less than a quantum, of which Req takes its
// part; and the part of the cost that is paid makes E - C and Req be rounded at another place, which
// is one more. (What is rounded to a fine is covered by the same unit.)
std::int64_t exit_rounding(const risk::Parameters& p, const std::set<std::uint32_t>& instruments);

}  // namespace portcullis::support
