// limits.json: limits by name, which nodes and accounts refer to:
//
//   gross_notional_max  over all instruments, open spot orders too, in the risk currency
//   open_orders_max
//   leverage_max        gross notional over equity, as margin.json says what counts; or null in a
//                       profile that no account has
//   leverage_brackets   the same by gross notional: upto (the last one's null) and max, never rising;
//                       none by default
//   daily_loss_max      a larger loss since the start of the day lets an account only close; null in
//                       a profile that no account has
//   instruments         every instrument, by name: clip (of one order), long_max and short_max, as
//                       quantities; notional_max (of one order) and gross_notional_max, in the risk
//                       currency; collar, how far beyond the mark a limit may be, a share of it, or
//                       as far as collar_underlying, a share of the notional of the reference, or
//                       collar_ticks reach, if that is more, both 0 by default; open_interest_share, of the market's open interest, 1 by default; restricted
// A limit of 0 refuses everything.
#include <fmt/format.h>

#include <algorithm>

#include "config/decimal.h"
#include "config/head_room.h"
#include "config/load_steps.h"

namespace portcullis::config {

namespace {

using risk::Int128;
using risk::kPpm;

void read_option_collar(const Loading& loading, JsonReader& in, risk::InstrumentIndex index,
                        risk::InstrumentLimits& limits) {
  const risk::InstrumentParameters& instrument = loading.out.parameters.instruments[index.value];
  const bool is_ok = loading.instruments[index.value].ok;
  limits.collar_underlying_ppm =
      static_cast<std::int32_t>(read_ppm_or(in, "collar_underlying", 0, kPpm, 0));
  if (limits.collar_underlying_ppm > 0 && is_ok &&
      (!instrument.reference.exists() || instrument.payoff != risk::Payoff::Linear)) {
    in.problem("collar_underlying",
               "must be 0, since the instrument is not linear with a reference");
  }
  if (!in.has("collar_ticks")) return;
  limits.collar_ticks =
      static_cast<std::int32_t>(in.integer("collar_ticks", 0, 1'000'000'000).value_or(0));
  const std::int64_t price_max = loading.out.instruments[index.value].mark_max.raw;
  if (is_ok && Int128{limits.collar_ticks} * instrument.marks_per_tick > price_max) {
    in.problem("collar_ticks", "is more than price_max");
    limits.collar_ticks = 0;
  }
}

risk::InstrumentLimits read_instrument_limits(const Loading& loading, JsonReader in,
                                              risk::InstrumentIndex index) {
  const InstrumentSettings& instrument = loading.out.instruments[index.value];
  in.not_yet({"leverage_max", "concentration"});
  risk::InstrumentLimits limits;
  limits.clip = read_lots(in, "clip", instrument);
  limits.notional_max = read_value(loading, in, "notional_max");
  const auto collar = in.decimal("collar", kPpmScale, 0, kPpm);
  limits.collar_ppm = collar.value_or(0);
  read_option_collar(loading, in, index, limits);
  if (collar && loading.assets_ok && loading.margin_ok && loading.instruments[index.value].ok) {
    check_collar(loading, in, index, limits);
  }
  limits.long_max = read_lots(in, "long_max", instrument);
  limits.short_max = read_lots(in, "short_max", instrument);
  limits.gross_notional_max = read_value(loading, in, "gross_notional_max");
  limits.open_interest_share_ppm =
      static_cast<std::int32_t>(read_ppm_or(in, "open_interest_share", 0, kPpm, kPpm));
  limits.restricted = in.boolean("restricted").value_or(false);
  return limits;
}

std::vector<risk::LeverageBracket> read_brackets(const Loading& loading, JsonReader& in) {
  std::vector<risk::LeverageBracket> brackets;
  read_tiers(
      in, "leverage_brackets", loading.out.risk_decimals, risk::kValueMax - 1,
      [&](JsonReader& item, const Tier& tier) {
        const auto max = item.decimal("max", kPpmScale, 0, kLeverageMax);
        if (max && tier.follows && *max > brackets.back().max_ppm) {
          item.problem("max", "must not be more than that of the bracket before it");
        }
        brackets.push_back({{tier.upto.value_or(risk::kValueMax)}, max.value_or(kLeverageMax)});
      });
  return brackets;
}

bool can_be_valued(const Loading& loading) {
  const auto is_ok = [](const Loading::Instrument& instrument) { return instrument.ok; };
  return loading.assets_ok &&
         std::all_of(loading.instruments.begin(), loading.instruments.end(), is_ok);
}

risk::Lots largest_position(const risk::InstrumentLimits& limits) {
  return std::max(limits.long_max, limits.short_max);
}

// The sums of values that the engine builds on positions within these limits must fit its integers.
void check_value_sums(const Loading& loading, JsonReader& in, const risk::LimitProfile& profile) {
  if (!can_be_valued(loading)) return;
  Int128 sum = 0;
  Int128 largest = 0;
  risk::InstrumentIndex largest_in;
  for (std::uint32_t i = 0; i < profile.instruments.size(); ++i) {
    const risk::Lots lots = largest_position(profile.instruments[i]);
    const auto value = value_max(loading.out, {i}, lots);
    const auto notional = notional_max(loading.out, {i}, lots);
    const Int128 beyond = Int128{risk::kValueMax} + 1;
    const Int128 exposure =
        std::max(value ? Int128{*value} : beyond, notional ? Int128{*notional} : beyond);
    const std::int64_t rise =
        range_of(loading, loading.out.parameters.instruments[i].factor).up_ppm;
    const Int128 most = exposure * std::max(kPpm, rise) / kPpm;
    sum += most;
    if (most > largest) largest = most, largest_in = {i};
  }
  if (sum <= risk::kValueMax) return;
  in.problem(
      "instruments",
      fmt::format("long_max and short_max allow positions worth {} quanta or more at price_max "
                  "and index_max, or move by as much in scenarios, most of it in {}, and 2^60 is "
                  "the most that can be summed",
                  to_decimal(sum, 0), loading.out.names.instruments.name(largest_in)));
}

ProfileTraits read_profile(Loading& loading, JsonReader in) {
  const std::size_t problems_before = loading.problem_count();
  in.not_yet({"warnings"});
  risk::LimitProfile profile;
  ProfileTraits traits;
  profile.gross_notional_max = read_value(loading, in, "gross_notional_max");
  profile.open_orders_max = in.integer("open_orders_max", 0, 100'000'000).value_or(0);
  if (!in.null("leverage_max")) {
    traits.has_leverage = true;
    profile.leverage_max_ppm = in.decimal("leverage_max", kPpmScale, 0, kLeverageMax).value_or(0);
  }
  if (!in.null("daily_loss_max")) {
    traits.has_daily_loss = true;
    profile.daily_loss_max = read_value(loading, in, "daily_loss_max");
  }
  if (in.has("leverage_brackets")) {
    profile.leverage_brackets = read_brackets(loading, in);
    if (!traits.has_leverage) {
      in.problem("leverage_brackets", "must not be there, since leverage_max is null");
    }
  }
  profile.instruments.resize(loading.out.instruments.size());
  JsonReader instruments = in.object("instruments");
  for (const auto& [name, index] :
       instruments.keys_of(loading.out.names.instruments, "instrument")) {
    profile.instruments[index.value] =
        read_instrument_limits(loading, instruments.object(name), index);
  }
  check_value_sums(loading, in, profile);
  loading.out.parameters.profiles.push_back(std::move(profile));
  traits.ok = in.readable() && loading.problem_count() == problems_before;
  return traits;
}

// What so many lots can gain or lose in scenarios, in fines; more than fits where it does not.
Int128 scenario_part(const Loading& loading, risk::InstrumentIndex index, risk::Lots lots) {
  const Range range = range_of(loading, loading.out.parameters.instruments[index.value].factor);
  const auto gain = gain_max(loading.out, index, lots, std::max(range.down_ppm, range.up_ppm));
  return gain ? Int128{*gain} : Int128{kFinesMax} + 1;
}

// The same of the positions that a profile allows, and in what the most of it is.
struct ScenarioSum {
  Int128 fines = 0;
  risk::InstrumentIndex largest_in{};
};
ScenarioSum scenario_sum(const Loading& loading, ProfileIndex index) {
  const risk::LimitProfile& profile = loading.out.parameters.profiles[index.value];
  ScenarioSum sum;
  Int128 largest = 0;
  for (std::uint32_t i = 0; i < profile.instruments.size(); ++i) {
    const Int128 part = scenario_part(loading, {i}, largest_position(profile.instruments[i]));
    sum.fines += part;
    if (part > largest) largest = part, sum.largest_in = {i};
  }
  return sum;
}

}  // namespace

std::vector<ProfileTraits> read_profiles(Loading& loading, JsonReader profiles) {
  std::vector<ProfileTraits> traits;
  for (const std::string& name : profiles.keys()) {
    check_name(profiles, name);
    loading.out.names.profiles.add(name);
    traits.push_back(read_profile(loading, profiles.object(name)));
  }
  return traits;
}

void check_scenario_sums(Loading& loading, ProfileIndex index) {
  if (!loading.margin_ok || !can_be_valued(loading)) return;
  const ScenarioSum sum = scenario_sum(loading, index);
  if (sum.fines <= kFinesMax) return;
  loading.problems.push_back(
      {std::string(kLimitsFile),
       fmt::format("profiles.{}.instruments", loading.out.names.profiles.name(index)), "",
       fmt::format("long_max and short_max allow an account to gain or lose {} millionths of a "
                   "quantum or more in scenarios at price_max and index_max, most of it in {}, and "
                   "2^61 is the most that can be summed: lower risk_currency.decimals, or the "
                   "limits",
                   to_decimal(sum.fines, 0), loading.out.names.instruments.name(sum.largest_in))});
}

void check_protections(Loading& loading, risk::AccountIndex index) {
  const risk::AccountParameters& account = loading.out.parameters.accounts[index.value];
  if (account.protections.empty()) return;  // its profile's positions have been looked at
  if (!loading.margin_ok || !can_be_valued(loading)) return;
  const Int128 positions = scenario_sum(loading, {account.profile}).fines;
  if (positions > kFinesMax) return;  // told already
  Int128 sum = positions;
  for (const risk::MarketMakerProtection& protection : account.protections) {
    Int128 largest = 0;
    for (std::uint32_t i = 0; i < loading.out.parameters.instruments.size(); ++i) {
      if (group_of(loading, loading.out.parameters.instruments[i].factor) == protection.group)
        largest = std::max(largest, scenario_part(loading, {i}, protection.lots));
    }
    sum += largest;
  }
  if (sum <= kFinesMax) return;
  loading.problems.push_back(
      {std::string(kLimitsFile),
       fmt::format("accounts.{}.protections", loading.out.names.accounts.name(index)), "",
       fmt::format(
           "with the positions that its profile allows its lots can lose {} millionths of a "
           "quantum or more in scenarios at price_max and index_max, and 2^61 is the most "
           "that can be summed",
           to_decimal(sum, 0))});
}

}  // namespace portcullis::config
