#include "gateway/client/lobster.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <unordered_map>

#include "config/decimal.h"
#include "gateway/client/order_flow.h"
#include "gateway/client/random.h"
#include "risk/types.h"

namespace portcullis::gateway::client {

namespace {

constexpr int kPriceDecimals = 4;

struct Row {
  std::int64_t time_ns = 0;
  std::int64_t type = 0;
  std::int64_t order_id = 0;
  std::int64_t size = 0;
  std::int64_t price = 0;
  std::int64_t direction = 0;
};

// So large that no market comes near, and so small that no scale overflows.
constexpr std::int64_t kNumberMax = 9'000'000'000;
using risk::kDayNs;

// What is wrong with the line; empty: nothing, and it is in `row`.
std::string parse_row(std::string_view line, Row& row) {
  struct Field {
    std::string_view name;
    std::int64_t* value;
    int decimals;
    std::int64_t min;
    std::int64_t max;
  };
  const std::array<Field, 6> fields{{{"time", &row.time_ns, 9, 0, kDayNs},
                                     {"type", &row.type, 0, 1, 5},
                                     {"order id", &row.order_id, 0, INT64_MIN, INT64_MAX},
                                     {"size", &row.size, 0, 1, kNumberMax},
                                     {"price", &row.price, 0, 1, kNumberMax},
                                     {"direction", &row.direction, 0, -1, 1}}};
  if (std::count(line.begin(), line.end(), ',') + 1 != std::ssize(fields)) {
    return fmt::format("there must be {} fields", fields.size());
  }
  for (const Field& field : fields) {
    const std::size_t comma = line.find(',');
    const config::Decimal value = config::parse_decimal(line.substr(0, comma), field.decimals);
    if (!value.ok()) return fmt::format("the {} {}", field.name, describe(value.error));
    if (value.value < field.min || value.value > field.max) {
      return fmt::format("the {} is out of range", field.name);
    }
    *field.value = value.value;
    line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 1);
  }
  return row.direction == 0 ? "the direction is out of range" : "";
}

// A trader's way to the instrument.
struct Seat {
  const Trader* trader = nullptr;
  const Book* book = nullptr;
};

struct LiveOrder {
  Seat seat;
  std::uint32_t number = 0;
  std::int64_t total = 0;  // shares, less what was cancelled
  std::int64_t executed = 0;
};

class Replay {
 public:
  Replay(const Market& market, const LobsterSettings& settings)
      : market_(market), settings_(settings), plan_(begin_plan(market)) {
    for (const Trader& trader : market.traders) {
      for (const Book& book : trader.books) {
        if (book.instrument == settings.instrument) seats_.push_back({&trader, &book});
      }
    }
    if (seats_.size() < 2) {
      throw std::runtime_error("a replay needs two accounts that may trade the instrument");
    }
    const auto taker =
        std::max_element(seats_.begin(), seats_.end(),
                         [](const Seat& a, const Seat& b) { return a.book->clip <= b.book->clip; });
    taker_ = *taker;
    seats_.erase(taker);
  }

  Plan replay(std::string_view text, std::string_view name) {
    name_ = name;
    read_origin(text);
    each_row(text,
             [this](std::string_view line, std::uint64_t number) { take_line(line, number); });
    tell_standing_marks();
    std::stable_sort(plan_.marks.begin(), plan_.marks.end(),
                     [](const Mark& a, const Mark& b) { return a.time_ns < b.time_ns; });
    describe();
    return std::move(plan_);
  }

 private:
  // But the empty lines and a first line that is a header: no number begins it.
  template <class F>
  static void each_row(std::string_view text, F&& f) {
    for (std::uint64_t number = 1; !text.empty(); ++number) {
      const std::size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      const bool is_header = number == 1 && !line.empty() && (line[0] < '0' || line[0] > '9');
      if (!line.empty() && !is_header) f(line, number);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
  }

  // The run begins with the first row; until the first execution its price is the mark.
  void read_origin(std::string_view text) {
    std::optional<Row> first;
    std::optional<Row> execution;
    each_row(text, [&](std::string_view line, std::uint64_t) {
      Row row;
      if (execution || !parse_row(line, row).empty()) return;
      if (!first) first = row;
      if (row.type >= 4) execution = row;
    });
    if (!first || !execution) {
      throw std::runtime_error(fmt::format("{}: there is no order or no execution", name_));
    }
    origin_ns_ = first->time_ns;
    tell_marks(0);
    plan_.marks[taker_.book->feed_symbol].price = mark_price(execution->price);
  }

  void tell_marks(std::int64_t time_ns) {
    for (std::uint32_t s = 0; s < market_.feed_symbols.size(); ++s) {
      plan_.marks.push_back({.time_ns = time_ns, .price = market_.opening[s], .symbol = s});
    }
  }

  // The other symbols, told again so that they do not become stale.
  void tell_standing_marks() {
    const std::int64_t end_ns = plan_.messages.empty() ? 0 : plan_.messages.back().due_ns;
    for (std::int64_t time_ns = kMarkSilenceNs; time_ns < end_ns; time_ns += kMarkSilenceNs) {
      for (std::uint32_t s = 0; s < market_.feed_symbols.size(); ++s) {
        if (s == taker_.book->feed_symbol) continue;
        plan_.marks.push_back({.time_ns = time_ns, .price = market_.opening[s], .symbol = s});
      }
    }
  }

  [[nodiscard]] std::int64_t due_ns(const Row& row) const {
    return kLeadInNs + static_cast<std::int64_t>(static_cast<double>(row.time_ns - origin_ns_) /
                                                 settings_.speed);
  }

  [[nodiscard]] std::int64_t mark_price(std::int64_t price) const {
    const int decimals = market_.feed_symbols[taker_.book->feed_symbol].decimals;
    for (int d = kPriceDecimals; d < decimals; ++d) price *= 10;
    for (int d = decimals; d < kPriceDecimals; ++d) price /= 10;
    return price;
  }

  // Nothing was cut off by mark_price().
  [[nodiscard]] bool is_exact(std::int64_t price) const {
    const int decimals = market_.feed_symbols[taker_.book->feed_symbol].decimals;
    for (int d = decimals; d < kPriceDecimals; ++d) {
      if (price % 10 != 0) return false;
      price /= 10;
    }
    return true;
  }

  void take_line(std::string_view line, std::uint64_t number) {
    ++rows_;
    Row row;
    const std::string problem = parse_row(line, row);
    if (problem.empty()) return take(row);
    ++malformed_;
    if (plan_.problems.size() < kProblemsMax) {
      plan_.problems.push_back(fmt::format("{}:{}: {}", name_, number, problem));
    }
  }

  void take(const Row& row) {
    if (row.time_ns - origin_ns_ < newest_ns_) {
      ++out_of_order_;
      return;
    }
    newest_ns_ = row.time_ns - origin_ns_;
    if (row.type >= 4) tell_mark(row);
    switch (row.type) {
      case 1:
        return enter(row);
      case 5:
        ++hidden_;
        return;
      default:
        break;
    }
    const auto live = live_.find(row.order_id);
    if (live == live_.end()) {
      ++unknown_[static_cast<std::size_t>(row.type - 2)];
      return;
    }
    LiveOrder& order = live->second;
    switch (row.type) {
      case 2:
        order.total -= row.size;
        if (add_cancel(row, order, order.total > order.executed ? order.total : 0)) {
          ++partly_canceled_;
        }
        break;
      case 3:
        if (add_cancel(row, order, 0)) ++canceled_;
        order.total = order.executed;
        break;
      default:
        order.executed += row.size;
        execute(row);
        break;
    }
    if (order.total <= order.executed) live_.erase(live);
  }

  void tell_mark(const Row& row) {
    const Mark mark{
        .time_ns = due_ns(row), .price = mark_price(row.price), .symbol = taker_.book->feed_symbol};
    const Mark& last = plan_.marks.back();
    if (last.time_ns == mark.time_ns && last.price == mark.price) return;
    plan_.marks.push_back(mark);
  }

  // None where the price is no whole tick of the instrument.
  [[nodiscard]] std::optional<std::uint64_t> wire_price(const Book& book,
                                                        std::int64_t price) const {
    const auto tick = static_cast<std::int64_t>(book.tick);
    const std::int64_t units = mark_price(price);
    const std::int64_t ticks = units / tick;
    const bool is_whole = is_exact(price) && units % tick == 0;
    if (!is_whole || ticks > book.alias->price_max.raw) return std::nullopt;
    return static_cast<std::uint64_t>(ticks * book.alias->price_per_tick);
  }

  // Of shares; 0 where it is no whole number of lots or does not fit.
  [[nodiscard]] std::uint32_t wire_quantity(const Book& book, std::int64_t shares) const {
    const config::InstrumentSettings& instrument =
        market_.deployment->instruments[book.instrument.value];
    for (int d = 0; d < instrument.quantity_decimals; ++d) shares *= 10;
    if (shares % instrument.lot != 0) return 0;
    const std::int64_t lots = shares / instrument.lot;
    return lots > book.alias->quantity_max.raw
               ? 0
               : static_cast<std::uint32_t>(lots * book.alias->quantity_per_lot);
  }

  Message& add(Kind kind, const Row& row, const Trader& trader) {
    Message& message = plan_.messages.emplace_back();
    message.kind = kind;
    message.due_ns = due_ns(row);
    message.session = trader.session;
    return message;
  }

  // False where the order cannot be expressed.
  bool add_enter(const Row& row, const Seat& seat, ouch::Side side, ouch::TimeInForce life) {
    const auto price = wire_price(*seat.book, row.price);
    const std::uint32_t quantity = wire_quantity(*seat.book, row.size);
    if (!price || quantity == 0) return ++inexpressible_, false;
    Message& message = add(Kind::Enter, row, *seat.trader);
    message.number = ++plan_.numbers[seat.trader->session];
    message.side = side;
    message.quantity = quantity;
    message.price = *price;
    message.symbol = plan_.symbol(seat.book->alias->symbol);
    message.firm = plan_.firm(seat.trader->firm);
    message.time_in_force = life;
    return true;
  }

  // The same, of a total; 0 is all of it.
  bool add_cancel(const Row& row, const LiveOrder& order, std::int64_t total) {
    const std::uint32_t quantity = wire_quantity(*order.seat.book, total);
    if (total != 0 && quantity == 0) return ++inexpressible_, false;
    Message& message = add(Kind::Cancel, row, *order.seat.trader);
    message.number = order.number;
    message.quantity = quantity;
    return true;
  }

  void enter(const Row& row) {
    if (live_.contains(row.order_id)) {
      ++entered_twice_;
      return;
    }
    const Seat& seat = seat_of(row.order_id);
    const ouch::Side side = row.direction == 1 ? ouch::Side::Buy : ouch::Side::Sell;
    if (!add_enter(row, seat, side, ouch::TimeInForce::Day)) return;
    live_.emplace(
        row.order_id,
        LiveOrder{.seat = seat, .number = plan_.messages.back().number, .total = row.size});
    ++entered_;
  }

  void execute(const Row& row) {
    const ouch::Side side = row.direction == 1 ? ouch::Side::Sell : ouch::Side::Buy;
    if (add_enter(row, taker_, side, ouch::TimeInForce::ImmediateOrCancel)) ++executed_;
  }

  const Seat& seat_of(std::int64_t order_id) const {
    const std::uint64_t hash = Random(static_cast<std::uint64_t>(order_id)).next();
    if (hash % 16 < kFirstShare) return seats_.front();
    return seats_[(hash >> 8) % seats_.size()];
  }

  void describe() {
    const auto account = [this](const Seat& seat) {
      return market_.deployment->names.accounts.name(seat.trader->account);
    };
    plan_.description = fmt::format(
        "{} rows at {:g} times their speed; taker {}; {} of 16 orders to {}, the others to it and "
        "{} more accounts",
        rows_, settings_.speed, account(taker_), kFirstShare, account(seats_.front()),
        seats_.size() - 1);
    plan_.tallies = {{"rows", rows_},
                     {"entered", entered_},
                     {"partly_canceled", partly_canceled_},
                     {"canceled", canceled_},
                     {"executed_by_taker", executed_},
                     {"skipped_hidden_execution", hidden_},
                     {"skipped_partial_cancel_of_unknown", unknown_[0]},
                     {"skipped_cancel_of_unknown", unknown_[1]},
                     {"skipped_execution_of_unknown", unknown_[2]},
                     {"skipped_entered_twice", entered_twice_},
                     {"skipped_inexpressible", inexpressible_},
                     {"skipped_out_of_order", out_of_order_},
                     {"skipped_malformed", malformed_}};
  }

  const Market& market_;
  const LobsterSettings settings_;
  std::string_view name_;
  Plan plan_;
  std::vector<Seat> seats_;  // of the resting orders
  Seat taker_;
  std::int64_t origin_ns_ = 0;
  std::int64_t newest_ns_ = 0;
  std::unordered_map<std::int64_t, LiveOrder> live_;

  std::uint64_t rows_ = 0;
  std::uint64_t entered_ = 0;
  std::uint64_t partly_canceled_ = 0;
  std::uint64_t canceled_ = 0;
  std::uint64_t executed_ = 0;
  std::uint64_t hidden_ = 0;
  std::array<std::uint64_t, 3> unknown_{};  // types 2, 3, 4
  std::uint64_t entered_twice_ = 0;
  std::uint64_t inexpressible_ = 0;
  std::uint64_t out_of_order_ = 0;
  std::uint64_t malformed_ = 0;
};

}  // namespace

Plan replay_lobster_text(const Market& market, std::string_view text, std::string_view name,
                         const LobsterSettings& settings) {
  if (!(settings.speed >= kSpeedMin)) {
    throw std::invalid_argument(fmt::format("the speed must be {} or more", kSpeedMin));
  }
  return Replay(market, settings).replay(text, name);
}

Plan replay_lobster(const Market& market, const std::filesystem::path& file,
                    const LobsterSettings& settings) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in.eof() && !in) throw std::runtime_error(file.string() + ": cannot be read");
  return replay_lobster_text(market, text, file.string(), settings);
}

}  // namespace portcullis::gateway::client
