#include "gateway/client/order_flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <queue>
#include <set>
#include <stdexcept>
#include <utility>

#include "gateway/client/order_statistics.h"

namespace portcullis::gateway::client {

namespace {

// Messages an entry causes on average, itself included: what makes the speed come out before the
// messages are there; it is corrected afterwards.
constexpr double kMessagesPerEntry = 1.8;

struct RestingOrder {
  std::uint32_t trader = 0;
  std::uint32_t book = 0;  // of the trader
  std::uint32_t number = 0;
  std::uint32_t quantity = 0;  // wire, the total of its chain
  ouch::Side side = ouch::Side::Buy;
};

// An order that its owner pulls when the price has moved.
struct FollowingOrder {
  std::size_t order = 0;
  double log_price = 0;  // of the mark when it was entered
};

// The end that its owner has decided for an order.
struct PlannedEnd {
  double time_s = 0;
  std::size_t order = 0;
  friend bool operator>(const PlannedEnd& a, const PlannedEnd& b) {
    return std::pair(a.time_s, a.order) > std::pair(b.time_s, b.order);
  }
};

struct Entries {
  risk::InstrumentIndex instrument;
  Arrivals arrivals;
  double next_s = 0;
};

class Generator {
 public:
  Generator(const Market& market, const FlowSettings& settings)
      : market_(market),
        settings_(settings),
        random_(settings.seed),
        plan_(begin_plan(market)),
        log_price_(market.feed_symbols.size()),
        last_mark_(market.feed_symbols.size()),
        traded_(market.feed_symbols.size()),
        following_(market.feed_symbols.size()) {
    std::uint64_t weight = 0;
    std::set<risk::InstrumentIndex> instruments;
    for (const Trader& trader : market.traders) {
      weight += static_cast<std::uint64_t>(std::min(kRateMax, trader.orders_per_s));
      weights_.push_back(weight);
      for (const Book& book : trader.books) {
        traded_[book.feed_symbol] = true;
        instruments.insert(book.instrument);
      }
    }
    for (const risk::InstrumentIndex instrument : instruments) {
      entries_.push_back({.instrument = instrument, .arrivals = {}, .next_s = 0});
    }
    for (Entries& entries : entries_) entries.next_s = entries.arrivals.next_gap_s(random_);
    speed_ =
        settings.rate_per_s * kEntryGapS / kMessagesPerEntry / static_cast<double>(entries_.size());
  }

  Plan generate() {
    plan_.messages.reserve(settings_.messages + 2 * kKindCount * plan_.numbers.size());
    tell_marks();
    plan_extraordinary();
    while (plan_.messages.size() < settings_.messages) {
      Entries& entries =
          *std::min_element(entries_.begin(), entries_.end(),
                            [](const Entries& x, const Entries& y) { return x.next_s < y.next_s; });
      const bool is_end = !ends_.empty() && ends_.top().time_s < entries.next_s;
      const double next_s = is_end ? ends_.top().time_s : entries.next_s;
      advance_marks(next_s);
      now_s_ = next_s;
      send_extraordinary();
      if (is_end) {
        const PlannedEnd end = ends_.top();
        ends_.pop();
        finish(end.order);
      } else {
        enter(entries.instrument);
        entries.next_s += entries.arrivals.next_gap_s(random_);
      }
    }
    plan_.messages.resize(settings_.messages);
    fit_rate();
    for (std::size_t t = 0; t < market_.traders.size(); ++t) {
      if (is_eager(t)) eager_ += fmt::format("{}{}", eager_.empty() ? "" : " ", name_of(t));
    }
    plan_.description = fmt::format(
        "{} messages at {:.0f} a second, seed {}: {} accounts, of which eager: {}",
        settings_.messages, settings_.rate_per_s, settings_.seed, market_.traders.size(), eager_);
    tally();
    return std::move(plan_);
  }

 private:
  void tally() {
    std::array<std::uint64_t, kKindCount> counts{};
    std::uint64_t marketable = 0;
    for (const Message& message : plan_.messages) {
      ++counts[static_cast<std::size_t>(message.kind)];
      marketable += message.time_in_force == ouch::TimeInForce::ImmediateOrCancel ? 1 : 0;
    }
    for (std::size_t k = 0; k < kKindCount; ++k) {
      plan_.tallies.push_back({std::string(name(Kind{static_cast<std::uint8_t>(k)})), counts[k]});
    }
    plan_.tallies.push_back({"enter_marketable", marketable});
  }

  static bool is_eager(std::size_t trader) { return trader % 4 == 1; }
  std::string_view name_of(std::size_t trader) const {
    return market_.deployment->names.accounts.name(market_.traders[trader].account);
  }

  // --- prices

  double price(std::uint32_t symbol) const {
    return static_cast<double>(market_.opening[symbol]) * std::exp(log_price_[symbol]);
  }

  void tell_marks() {
    const auto time_ns = static_cast<std::int64_t>(mark_time_s_ / speed_ * 1e9);
    for (std::uint32_t s = 0; s < market_.feed_symbols.size(); ++s) {
      const std::int64_t now = std::max<std::int64_t>(1, std::llround(price(s)));
      Mark& last = last_mark_[s];
      if (last.price == now && time_ns - last.time_ns < kMarkSilenceNs) continue;
      last = {.time_ns = time_ns, .price = now, .symbol = s};
      plan_.marks.push_back(last);
    }
  }

  // Symbols of one factor move together; one that nobody trades and whose factor nobody trades
  // stands still, and so does what others price.
  void advance_marks(double until_s) {
    const double step_s = static_cast<double>(kMarkStepNs) * 1e-9 * speed_;
    while (now_s_ = mark_time_s_ + step_s, now_s_ <= until_s) {
      mark_time_s_ = now_s_;
      std::map<std::uint32_t, double> moves;
      for (std::uint32_t s = 0; s < market_.feed_symbols.size(); ++s) {
        if (traded_[s] && !market_.feed_symbols[s].is_others) {
          moves.try_emplace(market_.factors[s].value,
                            kVolatilityPpm * 1e-6 * std::sqrt(step_s) * random_.normal());
        }
      }
      for (std::uint32_t s = 0; s < market_.feed_symbols.size(); ++s) {
        const auto move = moves.find(market_.factors[s].value);
        if (move != moves.end() && !market_.feed_symbols[s].is_others)
          log_price_[s] += move->second;
      }
      tell_marks();
      pull_followers();
    }
  }

  // --- messages

  Message& add(Kind kind, std::uint16_t session) {
    Message& message = plan_.messages.emplace_back();
    message.kind = kind;
    message.session = session;
    message.due_ns = static_cast<std::int64_t>(now_s_ / speed_ * 1e9);
    if (kind != Kind::Cancel && kind != Kind::Query && kind != Kind::Malformed &&
        kind != Kind::Repeat) {
      message.number = ++plan_.numbers[session];
    }
    return message;
  }

  std::uint32_t wire_quantity(const Book& book, double lots) const {
    const auto most = static_cast<double>(book.alias->quantity_max.raw);
    const double whole = std::clamp(std::round(lots), 1.0, most);
    return static_cast<std::uint32_t>(whole) *
           static_cast<std::uint32_t>(book.alias->quantity_per_lot);
  }

  // The limit nearest to `price` on the side that asks for no more than that.
  std::uint64_t wire_price(const Book& book, ouch::Side side, double price) const {
    const double ticks = price / book.tick;
    const double whole = side == ouch::Side::Buy ? std::floor(ticks) : std::ceil(ticks);
    const auto most = static_cast<double>(book.alias->price_max.raw);
    return static_cast<std::uint64_t>(std::clamp(whole, 1.0, most)) *
           static_cast<std::uint64_t>(book.alias->price_per_tick);
  }

  static double sign(ouch::Side side) { return side == ouch::Side::Buy ? 1 : -1; }

  // A price so many ppm towards the other side of the mark.
  double aggressive(const Book& book, ouch::Side side, double ppm) const {
    return price(book.feed_symbol) * (1 + sign(side) * ppm * 1e-6);
  }

  std::uint64_t passive_price(const Book& book, ouch::Side side) {
    // Who quotes ahead of the best price does not mean to trade at once: he stays on his side.
    const double behind_ppm = std::max(kStepPpm, kSpreadPpm / 2 + kStepPpm * draw_step(random_));
    return wire_price(book, side, aggressive(book, side, -behind_ppm));
  }

  std::size_t draw_trader() {
    const std::uint64_t drawn = random_.below(weights_.back());
    return static_cast<std::size_t>(std::upper_bound(weights_.begin(), weights_.end(), drawn) -
                                    weights_.begin());
  }

  struct Draw {
    std::size_t trader = 0;
    std::uint32_t book = 0;
  };

  // Of those who can trade the instrument. Who may not (it is restricted) tries only now and then.
  Draw draw_trader_of(risk::InstrumentIndex instrument) {
    while (true) {
      const std::size_t t = draw_trader();
      const std::vector<Book>& books = market_.traders[t].books;
      for (std::uint32_t b = 0; b < books.size(); ++b) {
        if (books[b].instrument != instrument) continue;
        if (!books[b].restricted || random_.chance(kRestrictedShare)) return {t, b};
      }
    }
  }

  // Buys and sells are as many in the book; an eager account has its own mind.
  ouch::Side draw_side(std::size_t trader) {
    const double buys = !is_eager(trader) ? 0.5 : trader % 8 == 1 ? 0.8 : 0.2;
    return random_.chance(buys) ? ouch::Side::Buy : ouch::Side::Sell;
  }

  void enter(risk::InstrumentIndex instrument) {
    const auto [t, b] = draw_trader_of(instrument);
    const Trader& trader = market_.traders[t];
    const Book& book = trader.books[b];
    const bool marketable = random_.chance(kMarketableShare);
    const std::uint32_t shares =
        draw_size(random_, marketable ? std::span<const SizeRow>(kMarketableSizes)
                                      : std::span<const SizeRow>(kRestingSizes));
    const double hundred =
        static_cast<double>(book.clip * (is_eager(t) ? kEagerFactor : 1)) / kClipsPerHundred;
    const bool wrong = random_.chance(kWrongShare);
    if (wrong && send_unmatched(trader)) return;

    Message& message = add(Kind::Enter, trader.session);
    message.side = draw_side(t);
    if (message.side == ouch::Side::Sell && random_.chance(0.1)) {
      message.side = ouch::Side::SellShort;
    }
    message.symbol = plan_.symbol(book.alias->symbol);
    if (!trader.is_default || random_.chance(0.5)) message.firm = plan_.firm(trader.firm);
    message.quantity = wire_quantity(book, hundred * shares / 100);
    if (marketable) {
      set_marketable(book, message);
    } else {
      message.price = passive_price(book, message.side);
      if (random_.chance(kPostOnlyShare)) message.extra = Extra::PostOnly;
    }
    if (wrong) {
      make_wrong(book, trader, message);
    } else if (!marketable) {
      decide_end(t, b, message);
    }
  }

  void set_marketable(const Book& book, Message& message) {
    message.time_in_force = ouch::TimeInForce::ImmediateOrCancel;
    // Through the spread, and a little further.
    const double through_ppm = kSpreadPpm / 2 + kStepPpm * static_cast<double>(random_.below(4));
    message.price = wire_price(book, message.side, aggressive(book, message.side, through_ppm));
    if (random_.chance(kMarketShare)) message.price = ouch::kMarketPrice;
    if (random_.chance(kAllOrNoneShare)) message.extra = Extra::AllOrNone;
  }

  void decide_end(std::size_t t, std::uint32_t b, const Message& message) {
    orders_.push_back({.trader = static_cast<std::uint32_t>(t),
                       .book = b,
                       .number = message.number,
                       .quantity = message.quantity,
                       .side = message.side});
    const std::size_t order = orders_.size() - 1;
    if (random_.chance(kCanceledShare)) {
      ends_.push({now_s_ + draw_lifetime_s(random_), order});
      return;
    }
    if (is_eager(t)) return;
    const std::uint32_t symbol = market_.traders[t].books[b].feed_symbol;
    following_[symbol].push_back({order, log_price_[symbol]});
  }

  void pull_followers() {
    for (std::uint32_t s = 0; s < following_.size(); ++s) {
      std::erase_if(following_[s], [&](const FollowingOrder& following) {
        const bool pulled = std::abs(log_price_[s] - following.log_price) > kPullPpm * 1e-6;
        if (pulled) cancel(following.order, 0);
        return pulled;
      });
    }
  }

  void cancel(std::size_t order, std::uint32_t total) {
    Message& message = add(Kind::Cancel, market_.traders[orders_[order].trader].session);
    message.number = orders_[order].number;
    message.quantity = total;
  }

  void finish(std::size_t index) {
    RestingOrder& order = orders_[index];
    const Trader& trader = market_.traders[order.trader];
    const Book& book = trader.books[order.book];
    const auto lot = static_cast<std::uint32_t>(book.alias->quantity_per_lot);
    if (random_.chance(kReplacedShare)) {
      Message& message = add(Kind::Replace, trader.session);
      message.original = order.number;
      message.side = order.side;
      message.quantity = order.quantity;
      message.price = passive_price(book, order.side);
      order.number = message.number;
      ends_.push({now_s_ + draw_lifetime_s(random_), index});
    } else if (random_.chance(kPartialCancelShare) && order.quantity >= 2 * lot) {
      order.quantity = order.quantity / (2 * lot) * lot;
      cancel(index, order.quantity);
      ends_.push({now_s_ + draw_lifetime_s(random_), index});
    } else {
      cancel(index, 0);
    }
  }

  // --- what is wrong, and what is rare

  // Messages that refer to something that is not there. False when the draw is another kind.
  bool send_unmatched(const Trader& trader) {
    wrong_ = static_cast<Wrong>(random_.below(kWrongCount));
    const std::uint32_t numbers = plan_.numbers[trader.session];
    if (wrong_ == Wrong::RepeatedNumber && numbers > 0) {
      Message& message = add(Kind::Repeat, trader.session);
      message.number = 1 + static_cast<std::uint32_t>(random_.below(numbers));
      message.symbol = plan_.symbol(trader.books[0].alias->symbol);
      message.firm = plan_.firm(trader.firm);
      message.quantity = wire_quantity(trader.books[0], 1);
      message.price = passive_price(trader.books[0], message.side);
    } else if (wrong_ == Wrong::CancelOfNothing) {
      add(Kind::Cancel, trader.session).number = numbers + 1'000'000;
    } else if (wrong_ == Wrong::ReplaceOfNothing) {
      Message& message = add(Kind::Replace, trader.session);
      message.original = numbers + 1'000'000;
      message.quantity = wire_quantity(trader.books[0], 1);
      message.price = passive_price(trader.books[0], message.side);
    } else {
      return false;
    }
    return true;
  }

  void make_wrong(const Book& book, const Trader& trader, Message& message) {
    switch (wrong_) {
      case Wrong::UnknownSymbol:
        message.symbol = plan_.symbol({'N', 'O', 'P', 'E', ' ', ' ', ' ', ' '});
        break;
      case Wrong::BeyondCollar:
        message.price = wire_price(
            book, message.side,
            aggressive(book, message.side, 1.5 * static_cast<double>(book.collar_ppm) + 1'000));
        break;
      case Wrong::OffTick:
        // Where a tick is one unit of the wire there is nothing between two ticks.
        if (book.alias->price_per_tick > 1 && message.price != ouch::kMarketPrice) ++message.price;
        break;
      case Wrong::NoQuantity:
        message.quantity = 0;
        break;
      case Wrong::BeyondClip:
        message.quantity = wire_quantity(book, 1.5 * static_cast<double>(book.clip) + 1);
        break;
      case Wrong::ForeignFirm:
        message.firm = plan_.firm(foreign_firm(trader));
        break;
      case Wrong::BadSide:
        message.side = ouch::Side{'X'};
        break;
      case Wrong::BadDisplay:
        message.display = '!';
        break;
      case Wrong::BadTimeInForce:
        message.time_in_force = ouch::TimeInForce::GoodTillExtended;
        break;
      case Wrong::BadPrice:
        message.price = ouch::kPriceMax + 2;
        break;
      case Wrong::Pegged:
        message.extra = Extra::Pegged;
        break;
      case Wrong::RepeatedNumber:  // there was no number to repeat
      case Wrong::CancelOfNothing:
      case Wrong::ReplaceOfNothing:
        break;
    }
  }

  // Of another session, or of nobody.
  ouch::Firm foreign_firm(const Trader& trader) {
    const Trader& other = market_.traders[draw_trader()];
    return other.session == trader.session ? ouch::Firm{'N', 'O', 'N', 'E'} : other.firm;
  }

  struct Extraordinary {
    std::uint64_t at = 0;  // messages sent before
    std::uint16_t session = 0;
    Kind kind = Kind::Query;
    Malformed malformed{};
    std::uint16_t firm = kNone16;
    std::uint16_t symbol = kNone16;
  };

  void plan_extraordinary() {
    const auto at = [&](int percent) {
      return settings_.messages * static_cast<std::uint64_t>(percent) / 100;
    };
    const auto sessions = static_cast<std::uint16_t>(plan_.numbers.size());
    for (std::uint16_t s = 0; s < sessions; ++s) {
      if (!takes_part(market_, s)) continue;
      for (const int percent : {10, 50, 90}) {
        extraordinary_.push_back({.at = at(percent), .session = s, .kind = Kind::Query});
      }
      for (int turn = 0; turn < 2; ++turn) {
        extraordinary_.push_back(
            {.at = at(30 + 40 * turn),
             .session = s,
             .kind = Kind::Malformed,
             .malformed = Malformed{static_cast<std::uint8_t>((s + turn) % kMalformedCount)}});
      }
    }
    const Trader& first = market_.traders.front();
    const Trader& last = market_.traders.back();
    const auto firm_message = [&](int percent, const Trader& trader, Kind kind) {
      extraordinary_.push_back({.at = at(percent),
                                .session = trader.session,
                                .kind = kind,
                                .firm = plan_.firm(trader.firm)});
    };
    firm_message(50, first, Kind::MassCancel);
    firm_message(60, last, Kind::Disable);
    firm_message(65, last, Kind::Enable);
    // Of a symbol, whoever holds the orders.
    extraordinary_.push_back({.at = at(55),
                              .session = last.session,
                              .kind = Kind::MassCancel,
                              .symbol = plan_.symbol(last.books.front().alias->symbol)});
    std::stable_sort(extraordinary_.begin(), extraordinary_.end(),
                     [](const Extraordinary& a, const Extraordinary& b) { return a.at < b.at; });
  }

  void send_extraordinary() {
    while (next_extraordinary_ < extraordinary_.size() &&
           extraordinary_[next_extraordinary_].at <= plan_.messages.size()) {
      const Extraordinary& wanted = extraordinary_[next_extraordinary_++];
      Message& message = add(wanted.kind, wanted.session);
      message.malformed = wanted.malformed;
      message.firm = wanted.firm;
      message.symbol = wanted.symbol;
      if (wanted.kind == Kind::Malformed) message.number = plan_.numbers[wanted.session] + 1;
    }
  }

  // Stretches time so that the run has the rate asked for, behind its lead-in.
  void fit_rate() {
    const double wanted_ns = static_cast<double>(settings_.messages) / settings_.rate_per_s * 1e9;
    const double stretch =
        wanted_ns / std::max(1.0, static_cast<double>(plan_.messages.back().due_ns));
    const auto stretched = [&](std::int64_t time_ns) {
      return static_cast<std::int64_t>(static_cast<double>(time_ns) * stretch);
    };
    for (Message& message : plan_.messages) message.due_ns = kLeadInNs + stretched(message.due_ns);
    for (Mark& mark : plan_.marks) {
      if (mark.time_ns != 0) mark.time_ns = kLeadInNs + stretched(mark.time_ns);
    }
  }

  const Market& market_;
  const FlowSettings settings_;
  Random random_;
  Plan plan_;
  double speed_ = 0;  // seconds of the books in a second of the run
  double now_s_ = 0;  // of the books
  std::vector<Entries> entries_;

  double mark_time_s_ = 0;
  std::vector<double> log_price_;  // since the opening, by feed symbol
  std::vector<Mark> last_mark_;
  std::vector<bool> traded_;

  std::vector<std::uint64_t> weights_;  // of the traders, summed up
  std::vector<RestingOrder> orders_;
  std::priority_queue<PlannedEnd, std::vector<PlannedEnd>, std::greater<>> ends_;
  std::vector<std::vector<FollowingOrder>> following_;  // by feed symbol

  Wrong wrong_{};
  std::vector<Extraordinary> extraordinary_;
  std::size_t next_extraordinary_ = 0;
  std::string eager_;
};

}  // namespace

Plan generate_orders(const Market& market, const FlowSettings& settings) {
  if (settings.messages == 0 || !(settings.rate_per_s > 0)) {
    throw std::invalid_argument("there must be some messages, at a rate above 0");
  }
  return Generator(market, settings).generate();
}

}  // namespace portcullis::gateway::client
