#include "feeds/table_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>
#include <variant>

#include "feeds/smile.h"
#include "risk/parameters.h"

namespace portcullis::feeds {

namespace {

constexpr auto kPpm = static_cast<double>(risk::kPpm);

std::size_t place(auto enumerator) { return static_cast<std::size_t>(enumerator); }

bool has_moved(double from, double to, std::int64_t ppm) {
  return std::abs(to - from) * kPpm >= static_cast<double>(ppm) * from;
}
bool has_moved_points(double from, double to, std::int64_t ppm) {
  return std::abs(to - from) * kPpm >= static_cast<double>(ppm);
}

// What is not as the builder requires it, of one option.
std::string problem_of(const TableGroup& group, const TableOption& option,
                       const TableRowMarket& market) {
  if (!is_positive(option.strike)) return "the strike must be above zero";
  if (!is_positive(option.multiplier)) return "the multiplier must be above zero";
  if (market.chain >= group.chains.size()) return "there is no such chain";
  if (market.settlement >= group.assets.size()) return "there is no such settlement asset";
  if (market.underlying != risk::kNone32 && market.underlying >= group.assets.size())
    return "there is no such underlying asset";
  for (const ColumnMove& column : group.description.columns) {
    if (option.factor >= column.move_ppm.size()) return "a column has no move of its factor";
    if (option.settlement_factor != risk::kNone32 &&
        option.settlement_factor >= column.move_ppm.size())
      return "a column has no move of its settlement asset";
  }
  return "";
}

std::string problem_of(const RebuildSettings& rebuild) {
  if (rebuild.age_ns <= 0) return "age must be above zero";
  if (rebuild.pause_ns < 0 || rebuild.pause_ns > rebuild.age_ns)
    return "pause must be from zero to age";
  if (rebuild.price_move_ppm <= 0) return "price_move must be above zero";
  if (rebuild.volatility_move_ppm <= 0) return "volatility_move must be above zero";
  if (rebuild.price_age_max_ns <= 0) return "price_age_max must be above zero";
  if (rebuild.volatility_age_max_ns <= 0) return "volatility_age_max must be above zero";
  if (rebuild.basis_max_ppm <= 0) return "basis_max must be above zero";
  const std::int64_t oldest = std::max(rebuild.price_age_max_ns, rebuild.volatility_age_max_ns);
  if (rebuild.age_ns > rebuild.table_age_max_ns - oldest)
    return "a table of the oldest prices would be older than table_age_max before it is due";
  if (rebuild.table_move_max_ppm < 0 ||
      (rebuild.table_move_max_ppm > 0 && rebuild.price_move_ppm >= rebuild.table_move_max_ppm)) {
    return "price_move must be below table_move_max";
  }
  return "";
}

std::string problem_of(const TableDescription& description) {
  if (description.risk_decimals < 0 || description.risk_decimals > 12)
    return "risk_decimals must be from 0 to 12";
  if (description.table_move_max_ppm < 0 || description.table_move_max_ppm > risk::kPpm / 2)
    return "table_move_max must be from 0 to one half";
  if (description.volatility.pivot_days <= 0 || description.volatility.days_min_ppm <= 0)
    return "pivot_days and days_min must be above zero";
  if (description.columns.empty()) return "there are no columns";
  for (const ColumnMove& column : description.columns) {
    if (column.weight_numerator < 0 || column.weight_denominator <= 0)
      return "a column's weight must not be below zero";
  }
  const std::size_t lag_states = description.table_move_max_ppm > 0 ? risk::kLagStates : 1;
  if (description.rows.size() > kTableRowsMax ||
      description.columns.size() * lag_states > kTableColumnsMax)
    return "the table is too large";
  return "";
}

InputVerdict verdict_on(double value, double most, std::int64_t last_ns, bool is_first,
                        risk::Timestamp as_of, risk::Timestamp now) {
  if (!is_positive(value)) return InputVerdict::NotPositive;
  if (value > most) return InputVerdict::TooLarge;
  if (as_of.ns > now.ns + kInputFutureMaxNs) return InputVerdict::FromFuture;
  if (!is_first && as_of.ns < last_ns) return InputVerdict::Older;
  return InputVerdict::Taken;
}

}  // namespace

std::string_view describe(TableCause cause) {
  constexpr std::array<std::string_view, kTableCauseCount> kTexts{"there is none yet",
                                                                  "the engine refused the last one",
                                                                  "a price has moved",
                                                                  "a volatility has moved",
                                                                  "options have expired",
                                                                  "it is old",
                                                                  "other parameters are in force"};
  return kTexts[place(cause)];
}

std::vector<std::string> problems_of(const TableGroup& group) {
  std::vector<std::string> problems;
  const auto add = [&](std::string_view what, std::string_view problem) {
    if (!problem.empty())
      problems.push_back(
          fmt::format("{}{}{}: {}", group.name, what.empty() ? "" : ", ", what, problem));
  };
  add("", problem_of(group.rebuild));
  add("", problem_of(group.description));
  if (group.rebuild.table_move_max_ppm != group.description.table_move_max_ppm)
    add("", "table_move_max is not that of the description");
  if (group.description.rows.empty()) add("", "there are no rows");
  for (const TableAnchor& anchor : group.anchors) {
    if (!is_positive(anchor.mark_unit)) add(anchor.name, "mark_unit must be above zero");
  }
  for (const TableAsset& asset : group.assets) {
    if (asset.fixed_index && !is_positive(*asset.fixed_index))
      add(asset.name, "a fixed index must be above zero");
  }
  for (const TableChain& chain : group.chains) {
    if (chain.expiry.ns <= 0) add(chain.name, "the expiry must be above zero");
    if (chain.anchor != risk::kNone32 && chain.anchor >= group.anchors.size())
      add(chain.name, "there is no such anchor");
  }
  if (group.rows.size() != group.description.rows.size()) {
    add("", "rows must be as many as the description's");
    return problems;
  }
  for (std::size_t row = 0; row < group.rows.size(); ++row) {
    const TableRow& in = group.description.rows[row];
    if (in.vector_unit <= 0) add(in.name, "vector_unit must be above zero");
    if (const auto* option = std::get_if<TableOption>(&in.source))
      add(in.name, problem_of(group, *option, group.rows[row]));
  }
  return problems;
}

TableService::TableService(std::vector<TableGroup> groups) {
  for (TableGroup& settings : groups) {
    if (const auto problems = problems_of(settings); !problems.empty())
      throw std::invalid_argument(problems.front());
    for (const Group& other : groups_) {
      if (other.settings.description.group == settings.description.group)
        throw std::invalid_argument(settings.name + ": its group is there twice");
    }
    Group& group = groups_.emplace_back();
    group.status.version = settings.description.id;
    group.marks.resize(settings.anchors.size());
    group.indexes.resize(settings.assets.size());
    group.forwards.resize(settings.chains.size());
    group.volatilities.resize(settings.rows.size());
    group.without_smile.resize(settings.chains.size());
    for (std::size_t a = 0; a < settings.assets.size(); ++a)
      group.indexes[a].value = settings.assets[a].fixed_index.value_or(kMissing);
    group.settings = std::move(settings);
  }
}

// --- inputs

InputVerdict TableService::count(Group& group, InputVerdict verdict) {
  ++group.status.inputs[place(verdict)];
  return verdict;
}

InputVerdict TableService::set_mark(std::uint32_t g, std::uint32_t anchor, risk::Mark mark,
                                    risk::Timestamp as_of, risk::Timestamp now) {
  Group& group = groups_[g];
  Input& input = group.marks[anchor];
  const auto value = static_cast<double>(mark.raw);
  const InputVerdict verdict =
      verdict_on(value, kInputPriceMax / group.settings.anchors[anchor].mark_unit, input.as_of_ns,
                 !input.is_there(), as_of, now);
  if (verdict == InputVerdict::Taken) {
    const bool moved = group.has_table() && has_moved(group.built_marks[anchor], value,
                                                      group.settings.rebuild.price_move_ppm);
    input.take(value, as_of, moved, group.prices_moved);
  }
  return count(group, verdict);
}

InputVerdict TableService::set_index(std::uint32_t g, std::uint32_t asset, double index,
                                     risk::Timestamp as_of, risk::Timestamp now) {
  Group& group = groups_[g];
  Input& input = group.indexes[asset];
  PORTCULLIS_ASSERT(!group.settings.assets[asset].fixed_index);
  const InputVerdict verdict =
      verdict_on(index, kInputPriceMax, input.as_of_ns, !input.is_there(), as_of, now);
  // No table is due for an index alone: its age covers it (METHOD 3.9).
  if (verdict == InputVerdict::Taken) input.take(index, as_of, false, group.prices_moved);
  return count(group, verdict);
}

InputVerdict TableService::set_forward(std::uint32_t g, std::uint32_t c, double forward,
                                       risk::Timestamp as_of, risk::Timestamp now) {
  Group& group = groups_[g];
  const TableChain& chain = group.settings.chains[c];
  Input& input = group.forwards[c];
  InputVerdict verdict =
      verdict_on(forward, kInputPriceMax, input.as_of_ns, !input.is_there(), as_of, now);
  if (verdict == InputVerdict::Taken && as_of >= chain.expiry) verdict = InputVerdict::AfterExpiry;
  if (verdict == InputVerdict::Taken && chain.anchor != risk::kNone32) {
    const std::optional<double> reference = group.reference_of(chain);
    if (!reference) {
      verdict = InputVerdict::NoReference;
    } else if (!group.is_near(forward, *reference)) {
      verdict = InputVerdict::OffReference;
    }
  }
  if (verdict == InputVerdict::Taken) {
    const bool moved = group.has_table() && has_moved(group.built_forwards[c], forward,
                                                      group.settings.rebuild.price_move_ppm);
    input.take(forward, as_of, moved, group.prices_moved);
  }
  return count(group, verdict);
}

InputVerdict TableService::set_volatility(std::uint32_t g, std::uint32_t row, double volatility,
                                          risk::Timestamp as_of, risk::Timestamp now) {
  Group& group = groups_[g];
  Input& input = group.volatilities[row];
  PORTCULLIS_ASSERT(group.is_option(row));
  InputVerdict verdict =
      verdict_on(volatility, kVolatilityMax, input.as_of_ns, !input.is_there(), as_of, now);
  if (verdict == InputVerdict::Taken && std::max(as_of, now) >= group.chain_of(row).expiry)
    verdict = InputVerdict::AfterExpiry;
  if (verdict == InputVerdict::Taken) {
    const bool moved =
        group.has_table() && has_moved_points(group.built_volatilities[row], volatility,
                                              group.settings.rebuild.volatility_move_ppm);
    input.take(volatility, as_of, moved, group.volatilities_moved);
  }
  return count(group, verdict);
}

void TableService::take(std::uint32_t g, std::uint32_t row, const MarketUpdate& update,
                        risk::Timestamp now) {
  const risk::Timestamp as_of{update.source_time_ns};
  PORTCULLIS_ASSERT(groups_[g].is_option(row));
  if (const auto& forward = update[MarketField::Underlying])
    set_forward(g, groups_[g].settings.rows[row].chain, to_double(*forward), as_of, now);
  if (const auto& volatility = update[MarketField::MarkIv])
    set_volatility(g, row, to_double(*volatility), as_of, now);
}

void TableService::Input::take(double to, risk::Timestamp as_of, bool is_moved,
                               std::uint32_t& count) {
  count += static_cast<std::uint32_t>(is_moved) - static_cast<std::uint32_t>(moved);
  value = to;
  as_of_ns = as_of.ns;
  moved = is_moved;
}

// --- what a group knows

std::optional<double> TableService::Group::reference_of(const TableChain& chain) const {
  const Input& mark = marks[chain.anchor];
  if (!mark.is_there()) return std::nullopt;
  return mark.value * settings.anchors[chain.anchor].mark_unit;
}

bool TableService::Group::is_near(double forward, double reference) const {
  return std::abs(forward - reference) * kPpm <=
         static_cast<double>(settings.rebuild.basis_max_ppm) * reference;
}

bool TableService::Group::is_option(std::uint32_t row) const {
  return std::holds_alternative<TableOption>(settings.description.rows[row].source);
}

const TableChain& TableService::Group::chain_of(std::uint32_t row) const {
  return settings.chains[settings.rows[row].chain];
}

// --- when

std::optional<TableCause> TableService::cause(std::uint32_t g, risk::Timestamp now) const {
  const Group& group = groups_[g];
  const RebuildSettings& rebuild = group.settings.rebuild;
  if (group.status.in_flight) return std::nullopt;
  if (group.attempted_ns && now.ns - *group.attempted_ns < rebuild.pause_ns) return std::nullopt;
  if (!group.has_table()) return TableCause::First;
  if (group.refused) return TableCause::Refused;
  if (group.outdated) return TableCause::Parameters;
  if (group.prices_moved > 0) return TableCause::PriceMove;
  if (group.volatilities_moved > 0) return TableCause::VolatilityMove;
  if (now.ns >= group.next_expiry_ns) return TableCause::Expiry;
  if (now.ns - group.status.built_at.ns >= rebuild.age_ns) return TableCause::Age;
  return std::nullopt;
}

void TableService::set_columns(std::uint32_t g, std::uint32_t parameter_version,
                               const std::vector<ColumnMove>& columns) {
  Group& group = groups_[g];
  TableDescription& description = group.settings.description;
  PORTCULLIS_ASSERT(columns.size() == description.columns.size());
  const auto is_same = [](const ColumnMove& a, const ColumnMove& b) {
    return a.move_ppm == b.move_ppm;
  };
  if (!std::equal(columns.begin(), columns.end(), description.columns.begin(), is_same))
    group.outdated = true;
  description.columns = columns;
  description.parameter_version = parameter_version;
}

std::optional<PublishedTable> TableService::step(risk::Timestamp now) {
  const auto count = static_cast<std::uint32_t>(groups_.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t g = (turn_ + i) % count;
    const std::optional<TableCause> why = cause(g, now);
    if (!why) continue;
    std::optional<PublishedTable> built = build(g, *why, now);
    if (!built) continue;
    turn_ = (g + 1) % count;
    return built;
  }
  return std::nullopt;
}

void TableService::settle(risk::GroupIndex index, std::uint64_t version, bool in_force,
                          risk::Timestamp now) {
  for (std::uint32_t g = 0; g < groups_.size(); ++g) {
    Group& group = groups_[g];
    if (group.settings.description.group != index || !group.status.in_flight ||
        group.status.version != version) {
      continue;
    }
    group.status.in_flight = false;
    group.refused = !in_force;
    std::shared_ptr<const risk::RiskTable> table = std::move(group.in_flight);
    if (in_force) {
      group.in_force = std::move(table);
      return;
    }
    ++group.status.refused;
    tell(g, TableEvent::Kind::Refused, fmt::format("table {} was refused", version), now);
  }
}

// --- how

namespace {

// The age of what a table is made of.
class Oldest {
 public:
  explicit Oldest(risk::Timestamp now) : now_(now), as_of_(now) {}
  [[nodiscard]] bool is_fresh(std::int64_t as_of_ns, std::int64_t age_max_ns) const {
    return now_.ns - as_of_ns <= age_max_ns;
  }
  void use(std::int64_t as_of_ns) { as_of_.ns = std::min(as_of_.ns, as_of_ns); }
  [[nodiscard]] risk::Timestamp as_of() const { return as_of_; }

 private:
  risk::Timestamp now_;
  risk::Timestamp as_of_;
};

}  // namespace

// One attempt at a group's table: fills in its description.
class TableService::Attempt {
 public:
  Attempt(Group& group, risk::Timestamp now)
      : group_(group), now_(now), rebuild_(group.settings.rebuild), oldest_(now) {}

  // Problems that no row has.
  std::vector<std::string> fill() {
    TableDescription& description = group_.settings.description;
    fill_anchors(description);
    fill_forwards();
    fill_volatilities();
    for (std::uint32_t row = 0; row < description.rows.size(); ++row) {
      auto* option = std::get_if<TableOption>(&description.rows[row].source);
      if (option == nullptr) continue;
      const TableRowMarket& market = group_.settings.rows[row];
      const TableChain& chain = group_.settings.chains[market.chain];
      option->market.forward = forwards_[market.chain];
      option->market.volatility = volatilities_[row];
      option->market.years = years_between(now_, chain.expiry);
      option->market.settlement_index = index(market.settlement);
      option->market.underlying_index =
          market.underlying == risk::kNone32 ? kMissing : index(market.underlying);
    }
    description.as_of = oldest_.as_of();
    return std::move(problems_);
  }

  // By chain: whether an option had to do without a smile.
  [[nodiscard]] const std::vector<bool>& without_smile() const { return without_smile_; }
  [[nodiscard]] const std::vector<double>& forwards() const { return forwards_; }
  [[nodiscard]] const std::vector<double>& volatilities() const { return volatilities_; }
  [[nodiscard]] const TableSources& sources() const { return sources_; }

 private:
  [[nodiscard]] bool is_expired(std::size_t chain) const {
    return now_ >= group_.settings.chains[chain].expiry;
  }

  void fill_anchors(TableDescription& description) {
    description.anchors.clear();
    for (std::size_t a = 0; a < group_.marks.size(); ++a) {
      const Input& mark = group_.marks[a];
      const TableAnchor& anchor = group_.settings.anchors[a];
      if (!is_usable(mark, rebuild_.price_age_max_ns)) {
        problems_.push_back(fmt::format(
            "{}: {}", anchor.name, mark.is_there() ? "its mark is too old" : "there is no mark"));
        continue;
      }
      oldest_.use(mark.as_of_ns);
      description.anchors.push_back({anchor.instrument, {static_cast<std::int64_t>(mark.value)}});
    }
  }

  void fill_forwards() {
    forwards_.assign(group_.forwards.size(), kMissing);
    for (std::size_t c = 0; c < forwards_.size(); ++c) {
      const Input& forward = group_.forwards[c];
      const TableChain& chain = group_.settings.chains[c];
      if (is_expired(c)) {
        if (chain.expiry.ns - forward.as_of_ns <= rebuild_.price_age_max_ns)
          forwards_[c] = forward.value;
        continue;
      }
      if (!is_usable(forward, rebuild_.price_age_max_ns)) continue;
      if (chain.anchor != risk::kNone32) {
        const std::optional<double> reference = group_.reference_of(chain);
        if (!reference || !group_.is_near(forward.value, *reference)) continue;
      }
      forwards_[c] = forward.value;
      oldest_.use(forward.as_of_ns);
    }
  }

  void fill_volatilities() {
    const auto& rows = group_.settings.description.rows;
    volatilities_.assign(rows.size(), kMissing);
    std::vector<std::vector<SmilePoint>> points(forwards_.size());
    std::vector<std::vector<std::uint32_t>> without(forwards_.size());
    for (std::uint32_t row = 0; row < rows.size(); ++row) {
      const auto* option = std::get_if<TableOption>(&rows[row].source);
      if (option == nullptr) continue;
      const std::uint32_t chain = group_.settings.rows[row].chain;
      const Input& own = group_.volatilities[row];
      if (is_expired(chain)) {
        volatilities_[row] = 0;  // any gives the same
        ++sources_.expired;
      } else if (is_usable(own, rebuild_.volatility_age_max_ns)) {
        volatilities_[row] = own.value;
        oldest_.use(own.as_of_ns);
        points[chain].push_back({option->strike, own.value});
        ++sources_.own;
      } else {
        without[chain].push_back(row);
      }
    }
    without_smile_.assign(forwards_.size(), false);
    for (std::size_t chain = 0; chain < without.size(); ++chain) {
      if (without[chain].empty()) continue;
      const FittedSmile fitted = fit_smile(forwards_[chain], points[chain]);
      group_.status.odd_points += fitted.odd;
      if (!fitted.smile) {
        ++group_.status.smiles_refused;
        without_smile_[chain] = true;
        continue;
      }
      for (const std::uint32_t row : without[chain]) {
        volatilities_[row] =
            fitted.smile->volatility(std::get<TableOption>(rows[row].source).strike);
        ++sources_.smile;
      }
    }
  }

  double index(std::uint32_t asset) {
    const Input& input = group_.indexes[asset];
    if (group_.settings.assets[asset].fixed_index) return input.value;
    if (!is_usable(input, rebuild_.price_age_max_ns)) return kMissing;
    oldest_.use(input.as_of_ns);
    return input.value;
  }

  [[nodiscard]] bool is_usable(const Input& input, std::int64_t age_max_ns) const {
    return input.is_there() && oldest_.is_fresh(input.as_of_ns, age_max_ns);
  }

  Group& group_;
  risk::Timestamp now_;
  const RebuildSettings& rebuild_;
  Oldest oldest_;
  std::vector<std::string> problems_;
  std::vector<double> forwards_;
  std::vector<double> volatilities_;
  std::vector<bool> without_smile_;
  TableSources sources_;
};

std::optional<PublishedTable> TableService::build(std::uint32_t g, TableCause cause,
                                                  risk::Timestamp now) {
  Group& group = groups_[g];
  group.attempted_ns = now.ns;
  Attempt attempt(group, now);
  TableDescription& description = group.settings.description;
  std::vector<std::string> problems = attempt.fill();
  for (std::size_t c = 0; c < group.without_smile.size(); ++c) {
    const bool without = attempt.without_smile()[c];
    if (without != group.without_smile[c]) {
      tell(g, without ? TableEvent::Kind::SmileMissing : TableEvent::Kind::SmileFound,
           group.settings.chains[c].name, now);
    }
    group.without_smile[c] = without;
  }
  description.id = group.status.version + 1;
  BuiltTable built = build_table(description, group.in_force.get());
  for (const TableProblem& problem : built.problems)
    problems.push_back(to_text(problem, description));
  if (!problems.empty()) {
    ++group.status.attempts_failed;
    if (!group.status.failing) {
      const std::string more =
          problems.size() > 1 ? fmt::format(", and {} more", problems.size() - 1) : "";
      tell(g, TableEvent::Kind::Failing, problems.front() + more, now);
    }
    group.status.failing = true;
    return std::nullopt;
  }
  if (!group.has_table() || group.status.failing)
    tell(g, TableEvent::Kind::Built, fmt::format("table {}", description.id), now);

  group.built_marks.clear();
  for (Input& mark : group.marks) {
    group.built_marks.push_back(mark.value);
    mark.moved = false;
  }
  group.built_forwards = attempt.forwards();
  group.built_volatilities = attempt.volatilities();
  for (Input& forward : group.forwards) forward.moved = false;
  for (Input& volatility : group.volatilities) volatility.moved = false;
  group.prices_moved = 0;
  group.volatilities_moved = 0;
  group.refused = false;
  group.outdated = false;
  group.next_expiry_ns = std::numeric_limits<std::int64_t>::max();
  for (const TableChain& chain : group.settings.chains) {
    if (chain.expiry > now) group.next_expiry_ns = std::min(group.next_expiry_ns, chain.expiry.ns);
  }
  TableGroupStatus& status = group.status;
  status.version = description.id;
  status.in_flight = true;
  status.failing = false;
  status.built_at = now;
  status.as_of = description.as_of;
  status.sources = attempt.sources();
  ++status.built[place(cause)];

  auto table = std::make_shared<const risk::RiskTable>(*std::move(built.table));
  group.in_flight = table;
  return PublishedTable{.group = description.group,
                        .version = description.id,
                        .hash = hash_of(encode_table(*table)),
                        .valid_from = now,
                        .table = std::move(table)};
}

// --- events

void TableService::tell(std::uint32_t group, TableEvent::Kind kind, std::string text,
                        risk::Timestamp now) {
  if (events_.size() == kTableEventsMax) {
    ++events_dropped_;
    return;
  }
  events_.push_back({now, group, kind, std::move(text)});
}

std::vector<TableEvent> TableService::take_events() { return std::exchange(events_, {}); }

}  // namespace portcullis::feeds
