// What the worlds of the benchmarks have in common: what they are configured with, and a desk from
// which an engine is given orders, prices and the venue's word, at a time that moves by itself.
#pragma once

#include <cstdint>

#include "risk/engine.h"

namespace portcullis::bench {

using namespace portcullis::risk;

inline constexpr std::int64_t kMark = 50'000;
inline constexpr std::int64_t kHour = 3600 * kSecondNs;
// A lot is worth 50 dollars, and a unit of a dollar is a quantum.
inline constexpr std::int64_t kUnitsPerLotMark = 1'000;
inline constexpr std::int64_t kLotDollars = 50;
inline constexpr std::int64_t kMicro = 1'000'000;
inline constexpr Lots kClip{5'000};
// The largest shock of any factor.
inline constexpr std::int64_t kShockPpm = 160'000;

// Numbers that are the same in every run.
class Random {
 public:
  std::uint32_t operator()() {
    state_ = state_ * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
    return static_cast<std::uint32_t>(state_ >> 33);
  }
  std::uint32_t below(std::uint32_t end) { return (*this)() % end; }
  // Between -most and most, without the ends.
  std::int32_t around(std::int32_t most) {
    const auto size = static_cast<std::int32_t>(below(static_cast<std::uint32_t>(most)));
    return (state_ >> 40 & 1) != 0 ? size : -size;
  }

 private:
  std::uint64_t state_ = 1;
};

inline AssetParameters dollars() {
  AssetParameters dollar;
  dollar.wide_per_index = 100;
  dollar.haircut = {{kUnlimited, kPpm}};
  dollar.index_age_max_ns = kHour;
  return dollar;
}

inline InstrumentParameters future_on(FactorIndex factor) {
  return {.factor = factor,
          .settlement = {0},
          .marks_per_tick = 1,
          .units_per_lot_mark = kUnitsPerLotMark,
          .fee_ppm = 200,
          .mark_age_max_ns = kHour,
          .market_orders = true};
}

// Limits that no order here comes near, but for the clip and the collar.
inline LimitProfile wide_limits(std::size_t instruments) {
  LimitProfile wide;
  wide.instruments.assign(instruments, {.clip = kClip,
                                        .notional_max = {kValueMax},
                                        .collar_ppm = 50'000,
                                        .long_max = {1'000'000'000},
                                        .short_max = {1'000'000'000},
                                        .gross_notional_max = {kValueMax},
                                        .restricted = false});
  wide.gross_notional_max = {kValueMax};
  wide.open_orders_max = 1'000'000;
  wide.leverage_max_ppm = 1'000 * kPpm;
  return wide;
}

// So many accounts of one group of one member, all with the limits `profile`.
inline void add_accounts(Parameters& p, std::uint32_t accounts, std::uint32_t per_session,
                         std::uint32_t profile) {
  p.nodes = {{NodeLevel::Venue, NodeIndex{}, 0},
             {NodeLevel::Member, NodeIndex{0}, 0},
             {NodeLevel::Group, NodeIndex{1}, 0}};
  const RateLimit rate{kSecondNs, kPpm, kSecondNs, kPpm};
  for (std::uint32_t a = 0; a < accounts; ++a) {
    p.accounts.push_back({NodeIndex{2}, profile, rate});
    if (a % per_session == 0) {
      SessionParameters session;
      session.member = {1};
      session.instruments.assign(p.instruments.size(), true);
      session.actions = kMayAll;
      session.rate = rate;
      p.sessions.push_back(session);
    }
    p.sessions.back().accounts.push_back({a});
  }
}

class Desk {
 public:
  Desk(const Parameters& parameters, std::uint32_t accounts_per_session)
      : engine(parameters), accounts_per_session_(accounts_per_session) {}

  Timestamp time() { return {time_ns_ += 10}; }

  // An order at the mark.
  NewOrder order_for(AccountIndex account, InstrumentIndex instrument, Lots quantity,
                     Side side = Side::Buy) {
    NewOrder order;
    order.time = time();
    order.price = {engine.mark(instrument).raw};
    order.quantity = quantity;
    order.account = account;
    order.instrument = instrument;
    order.session = {account.value / accounts_per_session_};
    order.client_ref = ++last_ref_;
    order.side = side;
    return order;
  }
  VenueEvent event(VenueEventType type, std::uint32_t number, Lots quantity = {}) {
    VenueEvent event;
    event.time = time();
    event.type = type;
    event.number = number;
    event.quantity = quantity;
    event.price = {kMark};
    event.match = ++last_match_;
    return event;
  }
  // A forwarded order never came to be.
  void forget(const Decision& decision) {
    PORTCULLIS_ASSERT(decision.disposition == Disposition::Forward);
    engine.apply(event(VenueEventType::Void, decision.number));
  }

  void index(AssetIndex asset, std::int64_t index) {
    engine.apply(IndexUpdate{.time = time(), .as_of = time(), .index = index, .asset = asset});
  }
  void mark(InstrumentIndex instrument, std::int64_t mark) {
    engine.apply(
        MarkUpdate{.time = time(), .as_of = time(), .mark = {mark}, .instrument = instrument});
  }
  // The instrument's mark moves by one.
  void tick(std::uint32_t instrument) {
    flip_ = !flip_;
    mark({instrument}, kMark + (flip_ ? 1 : 0));
  }

  // So many quanta of dollars.
  void pay(AccountIndex account, std::int64_t units, AssetIndex asset = {0}) {
    const bool loaded = engine.apply(
        LoadBalance{.time = time(), .units = units, .account = account, .asset = asset});
    PORTCULLIS_ASSERT(loaded);
  }
  void hold(AccountIndex account, InstrumentIndex instrument, Lots lots) {
    const bool loaded = engine.apply(LoadPosition{.time = time(),
                                                  .lots = lots,
                                                  .entry = {kMark},
                                                  .account = account,
                                                  .instrument = instrument});
    PORTCULLIS_ASSERT(loaded);
  }
  // Pays, or takes, so much that R with the order among the open ones is `spare` quanta.
  void leave(const NewOrder& order, std::int64_t spare) {
    engine.refresh(order.account);
    pay(order.account, spare - engine.try_margin(order).after.raw);
    engine.refresh(order.account);
    PORTCULLIS_ASSERT(engine.try_margin(order).after.raw == spare);
  }

  std::uint32_t next_ref() { return ++last_ref_; }

  Engine engine;

 private:
  std::uint32_t accounts_per_session_;
  std::int64_t time_ns_ = kHour;
  std::uint32_t last_ref_ = 0;
  std::uint64_t last_match_ = 0;
  bool flip_ = false;
};

}  // namespace portcullis::bench
