// margin.json, second step, when the instruments are known: the add-ons (METHOD 3.11), and what
// groups with table risk must have.
//
//   add_ons   by name:
//     groups       the add-on is in each of them, of its own instruments
//     function     tiers: of the larger end of each driver. hedged: of what long and short drivers
//                  have in common. ramp: a rate that rises with the size
//     place        group, floor, joint or outside (METHOD 3.4)
//     of           which instruments: kinds, factors, instruments; all that are given must hold. Not
//                  spot, which has no position
//     measure      of a lot: notional, delta, premium, funding, lot (per_lot, in the risk currency),
//                  or from the risk table vega, initial_charge, maintenance_charge
//     reach        over which lots: net, long_net, short_net, gross, long, short, payable. hedged:
//                  net; ramp: net or short_net
//     each         how many drivers: all (one, the default), or one for each instrument, expiry (those
//                  without one together) or strike (expiry, strike and type; options only). ramp: all
//     initial, maintenance  the charge in that requirement: tiers of upto (in the risk currency, the
//                  last one's null) and rate, never falling; ramp: one tier, the rate of what the ramp
//                  gives. null, or not there: none; one of the two must be
//     ramp_open_interest    tiers: instrument, low and high, quantities of it: as its open interest
//                  goes from low to high, the initial charge goes from what the tiers say to all of it
//     threshold, per, slope, most   ramp: the share charged rises by slope for each whole of the asset
//                  `per` that the size is worth above the threshold, to most
//     short_of     ramp: what counts beside `of` as far as it is short, as `of`; nothing by default
//     offset       ramp: what offsets, as `of`, net and long; nothing by default
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "config/decimal.h"
#include "config/iso_time.h"
#include "config/load_steps.h"

namespace portcullis::config {

namespace {

using risk::AddOnFunction;
using risk::kPpm;
using risk::Measure;
using risk::Reach;

constexpr std::int64_t kRateMax = 100 * kPpm;
constexpr std::int64_t kMostMax = 10 * kPpm;

enum class Each { All, Instrument, Expiry, Strike };

// Where a driver's name comes from, and the order of drivers.
using DriverKey = std::tuple<std::int64_t, std::int64_t, int, std::uint32_t>;
using DriverLots = std::map<DriverKey, std::vector<risk::InstrumentIndex>>;

struct Selector {
  std::optional<std::vector<InstrumentKind>> kinds;
  std::optional<std::vector<risk::FactorIndex>> factors;
  std::optional<std::vector<risk::InstrumentIndex>> instruments;
  bool ok = false;
};

Selector read_selector(const Loading& loading, JsonReader in) {
  const std::size_t problems_before = loading.problem_count();
  Selector selector;
  if (in.has("kinds")) {
    selector.kinds = in.choices<InstrumentKind>(
        "kinds", {{"perpetual", InstrumentKind::Perpetual},
                  {"future", InstrumentKind::Future},
                  {"equity", InstrumentKind::Equity},
                  {"fx", InstrumentKind::Fx},
                  {"inverse_perpetual", InstrumentKind::InversePerpetual},
                  {"inverse_future", InstrumentKind::InverseFuture},
                  {"option", InstrumentKind::Option}});
  }
  if (in.has("factors")) {
    selector.factors = in.references("factors", loading.out.names.factors, "a factor");
  }
  if (in.has("instruments")) {
    selector.instruments =
        in.references("instruments", loading.out.names.instruments, "an instrument");
  }
  selector.ok = in.readable() && loading.problem_count() == problems_before;
  return selector;
}

bool selects(const Selector& selector, const Loading& loading, risk::InstrumentIndex index) {
  const auto has = [](const auto& list, auto value) {
    return !list || std::find(list->begin(), list->end(), value) != list->end();
  };
  const InstrumentKind kind = loading.out.instruments[index.value].kind;
  return kind != InstrumentKind::Spot && has(selector.kinds, kind) &&
         has(selector.factors, loading.out.parameters.instruments[index.value].factor) &&
         has(selector.instruments, index);
}

struct AddOnReader {
  Loading& loading;
  JsonReader& in;
  const std::string& name;
  risk::AddOnParameters add_on{};  // of every group, without the drivers
  Measure measure = Measure::Notional;
  Reach reach = Reach::Net;
  Each each = Each::All;
  risk::Wide per_lot{};

  void read() {
    const std::size_t problems_before = loading.problem_count();
    const auto groups = in.references("groups", loading.out.names.risk_groups, "a risk group");
    if (groups && groups->empty() && loading.problem_count() == problems_before) {
      in.problem("groups", "must not be empty");
    }
    const auto function = in.choice<AddOnFunction>("function", {{"tiers", AddOnFunction::Tiers},
                                                                {"hedged", AddOnFunction::Hedged},
                                                                {"ramp", AddOnFunction::Ramp}});
    using risk::AddOnPlace;
    add_on.place = in.choice<AddOnPlace>("place", {{"group", AddOnPlace::Group},
                                                   {"floor", AddOnPlace::Floor},
                                                   {"joint", AddOnPlace::Joint},
                                                   {"outside", AddOnPlace::Outside}})
                       .value_or(AddOnPlace::Group);
    const Selector of = read_selector(loading, in.object("of"));
    read_drivers();
    if (!function) {
      in.ignore_rest();  // it says which keys there are
      return;
    }
    add_on.function = *function;
    read_charges();
    if (*function == AddOnFunction::Tiers && in.has("ramp_open_interest")) {
      read_open_interest(in.object("ramp_open_interest"));
    }
    if (*function == AddOnFunction::Hedged && reach != Reach::Net) {
      in.problem("reach", "must be \"net\", since the function is hedged");
    }
    Selector short_of;
    Selector offset;
    if (*function == AddOnFunction::Ramp) {
      read_ramp();
      if (in.has("short_of")) short_of = read_selector(loading, in.object("short_of"));
      if (in.has("offset")) offset = read_selector(loading, in.object("offset"));
    }
    if (!groups || !of.ok || !loading.margin_ok || !loading.instruments_ok ||
        loading.problem_count() != problems_before) {
      return;
    }
    for (const risk::GroupIndex group : *groups) add_to(group, of, short_of, offset);
  }

  void read_drivers() {
    const auto read_measure =
        in.choice<Measure>("measure", {{"notional", Measure::Notional},
                                       {"delta", Measure::Delta},
                                       {"premium", Measure::Premium},
                                       {"funding", Measure::Funding},
                                       {"lot", Measure::Lot},
                                       {"vega", Measure::Vega},
                                       {"initial_charge", Measure::InitialCharge},
                                       {"maintenance_charge", Measure::MaintenanceCharge}});
    measure = read_measure.value_or(Measure::Notional);
    if (!read_measure) in.skip("per_lot");
    reach = in.choice<Reach>("reach", {{"net", Reach::Net},
                                       {"long_net", Reach::LongNet},
                                       {"short_net", Reach::ShortNet},
                                       {"gross", Reach::Gross},
                                       {"long", Reach::Long},
                                       {"short", Reach::Short},
                                       {"payable", Reach::Payable}})
                .value_or(Reach::Net);
    if (in.has("each")) {
      each = in.choice<Each>("each", {{"all", Each::All},
                                      {"instrument", Each::Instrument},
                                      {"expiry", Each::Expiry},
                                      {"strike", Each::Strike}})
                 .value_or(Each::All);
    }
    if (measure == Measure::Lot) {
      per_lot.raw = risk::Int128{read_value(loading, in, "per_lot").raw} *
                    loading.out.parameters.wide_denominator;
    }
  }

  std::vector<risk::MarginTier> read_charge(std::string_view key) {
    std::vector<risk::MarginTier> tiers;
    if (is_none(key)) return tiers;
    read_tiers(in, key, loading.out.risk_decimals, risk::kValueMax - 1,
               [&](JsonReader& item, const Tier& tier) {
                 const auto rate = item.decimal("rate", kPpmScale, 0, kRateMax);
                 if (rate && tier.follows && *rate < tiers.back().rate_ppm) {
                   item.problem("rate", "must not be less than that of the tier before it");
                 }
                 tiers.push_back({{tier.upto.value_or(risk::kValueMax)}, rate.value_or(0)});
               });
    if (add_on.function == AddOnFunction::Ramp && tiers.size() > 1) {
      in.problem(key, "must be one tier, since the function is ramp");
    }
    return tiers;
  }

  bool is_none(std::string_view key) { return !in.has(key) || in.null(key); }

  void read_charges() {
    add_on.initial = read_charge("initial");
    add_on.maintenance = read_charge("maintenance");
    if (in.readable() && is_none("initial") && is_none("maintenance")) {
      in.problem("", "must have a charge: initial, maintenance or both");
    }
  }

  void read_open_interest(JsonReader ramp) {
    const auto index = ramp.reference("instrument", loading.out.names.instruments, "an instrument");
    if (!index) return ramp.ignore_rest();
    const InstrumentSettings& settings = loading.out.instruments[index->value];
    add_on.ramped_by = *index;
    const std::size_t problems_before = loading.problem_count();
    add_on.open_interest_low = read_lots(ramp, "low", settings);
    add_on.open_interest_high = read_lots(ramp, "high", settings);
    if (loading.problem_count() == problems_before && settings.lot != 0 &&
        add_on.open_interest_high <= add_on.open_interest_low) {
      ramp.problem("high", "must be more than low");
    }
    if (is_none("initial")) {
      in.problem("ramp_open_interest", "must not be there without an initial charge");
    }
  }

  void read_ramp() {
    if (reach != Reach::Net && reach != Reach::ShortNet) {
      in.problem("reach", "must be \"net\" or \"short_net\", since the function is ramp");
    }
    if (each != Each::All) in.problem("each", "must be \"all\", since the function is ramp");
    add_on.threshold = read_value(loading, in, "threshold");
    add_on.slope_ppm = in.decimal("slope", kPpmScale, 0, kPpm).value_or(0);
    add_on.most_ppm = in.decimal("most", kPpmScale, 0, kMostMax).value_or(0);
    const auto per = in.reference("per", loading.out.names.assets, "an asset");
    if (!per) return;
    add_on.per = *per;
    for (int i = 0; i < loading.out.assets[per->value].decimals; ++i) add_on.per_units *= 10;
  }

  // --- a group's own

  void add_to(risk::GroupIndex index, const Selector& of, const Selector& short_of,
              const Selector& offset) {
    risk::AddOnParameters own = add_on;
    if (!add_drivers(index, "of", of, reach, each, own)) return;
    if (short_of.ok && !add_drivers(index, "short_of", short_of, Reach::ShortNet, Each::All, own))
      return;
    if (offset.ok && !add_drivers(index, "offset", offset, Reach::LongNet, Each::All, own)) return;
    loading.out.parameters.groups[index.value].add_ons.push_back(std::move(own));
    loading.out.names.add_ons[index.value].add_ons.push_back(name);
  }

  bool add_drivers(risk::GroupIndex index, std::string_view key, const Selector& selector,
                   Reach driver_reach, Each driver_each, risk::AddOnParameters& own) {
    const DriverLots drivers = split(index, selector, driver_each);
    if (drivers.empty()) {
      in.problem(key, fmt::format("selects no instrument of the group {}",
                                  loading.out.names.risk_groups.name(index)));
      return false;
    }
    for (const auto& [driver_key, instruments] : drivers) {
      for (const risk::InstrumentIndex instrument : instruments) {
        if (!check_instrument(key, driver_each, instrument)) return false;
      }
    }
    risk::GroupParameters& group = loading.out.parameters.groups[index.value];
    for (const auto& [driver_key, instruments] : drivers) {
      risk::DriverParameters driver;
      driver.measure = measure;
      driver.reach = driver_reach;
      for (const risk::InstrumentIndex instrument : instruments) {
        driver.terms.push_back({instrument, per_lot});
      }
      own.drivers.push_back(static_cast<std::uint32_t>(group.drivers.size()));
      group.drivers.push_back(std::move(driver));
      std::string driver_name = name;
      if (key != "of") driver_name += key == "offset" ? ": offset" : ": short";
      if (driver_each != Each::All) driver_name += ": " + label(driver_each, instruments.front());
      loading.out.names.add_ons[index.value].drivers.push_back(std::move(driver_name));
    }
    return true;
  }

  // The group's selected instruments, by driver.
  DriverLots split(risk::GroupIndex group, const Selector& selector, Each driver_each) const {
    DriverLots drivers;
    for (std::uint32_t i = 0; i < loading.out.instruments.size(); ++i) {
      if (!selects(selector, loading, {i})) continue;
      if (group_of(loading, loading.out.parameters.instruments[i].factor) != group) continue;
      const InstrumentSettings& settings = loading.out.instruments[i];
      DriverKey driver_key{};
      if (driver_each == Each::Instrument) std::get<3>(driver_key) = i;
      if (driver_each == Each::Expiry) driver_key = {settings.expiry.ns, 0, 0, 0};
      if (driver_each == Each::Strike) {
        driver_key = {settings.expiry.ns, settings.strike, static_cast<int>(settings.option_type),
                      0};
      }
      drivers[driver_key].push_back({i});
    }
    return drivers;
  }

  // What a driver needs of each of its instruments.
  bool check_instrument(std::string_view key, Each driver_each, risk::InstrumentIndex index) {
    const risk::InstrumentParameters& instrument = loading.out.parameters.instruments[index.value];
    std::string_view what;
    if (driver_each == Each::Strike &&
        loading.out.instruments[index.value].kind != InstrumentKind::Option) {
      what = "has no strike";
    } else if ((measure == Measure::Vega || measure == Measure::InitialCharge ||
                measure == Measure::MaintenanceCharge) &&
               instrument.risk != risk::RiskSource::Table) {
      what = "has no table risk, and so not this measure";
    } else if (measure == Measure::Premium && instrument.payoff != risk::Payoff::Linear) {
      what = "is not linear, and so has no premium";
    }
    if (what.empty()) return true;
    in.problem(
        key, fmt::format("selects {}, which {}", loading.out.names.instruments.name(index), what));
    return false;
  }

  std::string label(Each driver_each, risk::InstrumentIndex index) const {
    const InstrumentSettings& settings = loading.out.instruments[index.value];
    if (driver_each == Each::Instrument) return loading.out.names.instruments.name(index);
    if (driver_each == Each::Expiry && settings.expiry.ns == 0) return "no expiry";
    if (driver_each == Each::Expiry) return to_iso_time(settings.expiry);
    return fmt::format("{} {} {}", to_iso_time(settings.expiry),
                       to_decimal(settings.strike, kStrikeScale),
                       settings.option_type == OptionType::Call ? "call" : "put");
  }
};

// The first instrument of the group for which `is_one` holds, or none.
template <class IsOne>
risk::InstrumentIndex find_in(const Loading& loading, risk::GroupIndex group, IsOne is_one) {
  for (std::uint32_t i = 0; i < loading.out.instruments.size(); ++i) {
    if (group_of(loading, loading.out.parameters.instruments[i].factor) == group && is_one(i)) {
      return {i};
    }
  }
  return {};
}

// Whether the gate can build the group's table: of options, all beside its anchor.
template <class AddProblem>
void check_rebuild(Loading& loading, risk::GroupIndex group, AddProblem problem) {
  const auto& names = loading.out.names.instruments;
  const auto& instruments = loading.out.parameters.instruments;
  const auto is_table = [&](std::uint32_t i) {
    return instruments[i].risk == risk::RiskSource::Table;
  };
  const auto is_option = [&](std::uint32_t i) {
    return loading.out.instruments[i].kind == InstrumentKind::Option;
  };
  const auto other =
      find_in(loading, group, [&](std::uint32_t i) { return is_table(i) && !is_option(i); });
  if (other.exists()) {
    problem(
        "", "",
        fmt::format("must not be there: {} has table risk, and is no option", names.name(other)));
  } else if (!find_in(loading, group, is_table).exists()) {
    problem("", "", "must not be there: nothing of the group has table risk");
  }
  const std::string& name = loading.table_anchors[group.value];
  if (name.empty()) return;  // told already
  const risk::InstrumentIndex anchor = names.find(name);
  if (!anchor.exists() || is_table(anchor.value) ||
      group_of(loading, instruments[anchor.value].factor) != group) {
    return problem(".anchor", quote(name),
                   "must be the name of an instrument of the group, without table risk");
  }
  const auto apart = find_in(loading, group, [&](std::uint32_t i) {
    return is_table(i) && instruments[i].factor != instruments[anchor.value].factor;
  });
  if (apart.exists()) {
    problem(
        ".anchor", quote(name),
        fmt::format("must be of the factor of all options: {} is of another", names.name(apart)));
  }
  loading.out.groups[group.value].rebuild->anchor = anchor;
}

// What a group must say about its risk table, where it needs one.
void check_tables(Loading& loading) {
  const auto problem = [&](risk::GroupIndex group, std::string_view key, std::string what) {
    loading.problems.push_back(
        {std::string(kMarginFile),
         fmt::format("groups.{}.{}", loading.out.names.risk_groups.name(group), key), "",
         std::move(what)});
  };
  for (std::uint32_t g = 0; g < loading.out.groups.size(); ++g) {
    const GroupSettings& settings = loading.out.groups[g];
    const auto of_table = find_in(loading, {g}, [&](std::uint32_t i) {
      return loading.out.parameters.instruments[i].risk == risk::RiskSource::Table;
    });
    if (of_table.exists() && loading.out.parameters.groups[g].table_age_max_ns == 0) {
      problem({g}, "table_age_max_ms",
              fmt::format("is missing: {} has table risk",
                          loading.out.names.instruments.name(of_table)));
    }
    const auto shifted =
        std::find_if(settings.columns.begin(), settings.columns.end(),
                     [](const ColumnSettings& column) { return column.volatility != 0; });
    const auto option = find_in(loading, {g}, [&](std::uint32_t i) {
      return loading.out.instruments[i].kind == InstrumentKind::Option;
    });
    if (option.exists() && !settings.has_table_move_max) {
      problem(
          {g}, "table_move_max",
          fmt::format("is missing: {} is an option", loading.out.names.instruments.name(option)));
    }
    const auto of_another_factor = find_in(loading, {g}, [&](std::uint32_t i) {
      const auto& instruments = loading.out.parameters.instruments;
      return instruments[i].risk == risk::RiskSource::Table &&
             instruments[i].factor != instruments[of_table.value].factor;
    });
    if (of_another_factor.exists() && loading.out.parameters.groups[g].table_move_max_ppm > 0) {
      problem(
          {g}, "table_move_max",
          fmt::format("must be 0: {} and {} have table risk of two factors, which may move apart",
                      loading.out.names.instruments.name(of_table),
                      loading.out.names.instruments.name(of_another_factor)));
    }
    if (settings.rebuild) {
      check_rebuild(loading, {g}, [&](std::string_view key, std::string value, std::string what) {
        loading.problems.push_back(
            {std::string(kMarginFile),
             fmt::format("groups.{}.table_rebuild{}", loading.out.names.risk_groups.name({g}), key),
             std::move(value), std::move(what)});
      });
    }
    if (option.exists() && shifted != settings.columns.end() && !settings.volatility) {
      problem({g}, "volatility",
              fmt::format("is missing: columns move the volatility, and {} is an option",
                          loading.out.names.instruments.name(option)));
    }
  }
}

}  // namespace

void load_add_ons(Loading& loading, const Json& json) {
  const std::size_t problems_before = loading.problem_count();
  loading.out.names.add_ons.resize(loading.out.groups.size());
  if (loading.margin_ok) check_tables(loading);
  if (loading.margin_ok && loading.instruments_ok) find_regime_marks(loading);
  JsonReader add_ons(kMarginFile, json, "add_ons", loading.problems);
  for (const std::string& name : add_ons.keys()) {
    check_name(add_ons, name);
    JsonReader in = add_ons.object(name);
    AddOnReader reader{loading, in, name};
    reader.read();
  }
  loading.add_ons_ok =
      loading.margin_ok && loading.instruments_ok && loading.problem_count() == problems_before;
}

}  // namespace portcullis::config
