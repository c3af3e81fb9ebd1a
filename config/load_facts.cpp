#include "config/load_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "config/decimal.h"
#include "config/head_room.h"

namespace portcullis::config {

namespace {

constexpr std::int64_t kSplitMax = 1'000'000;

// Reads the keys of one fact; what is wrong is recorded, and then the fact is of no use.
struct FactReader {
  JsonReader& in;
  const Deployment& deployment;

  risk::AccountIndex account(std::string_view key) {
    return in.reference(key, deployment.names.accounts, "an account")
        .value_or(risk::AccountIndex{});
  }
  risk::AssetIndex asset(std::string_view key) {
    return in.reference(key, deployment.names.assets, "an asset").value_or(risk::AssetIndex{});
  }
  risk::InstrumentIndex instrument() {
    return in.reference("instrument", deployment.names.instruments, "an instrument")
        .value_or(risk::InstrumentIndex{});
  }
  // Of the asset, in its units; what an asset that is not known has cannot be read.
  std::int64_t amount(std::string_view key, risk::AssetIndex of, std::int64_t min) {
    if (!of.exists()) return in.skip(key), 0;
    const auto units = in.decimal(key, deployment.assets[of.value].decimals, min, kAny);
    if (!units) return 0;
    if (*units == 0) {
      in.problem(key, "must not be 0");
    } else if (!value_max(deployment, of, *units < 0 ? -*units : *units)) {
      in.problem(key, "is worth more than 2^60 quanta at index_max");
    }
    return *units;
  }
  void check_apart(std::string_view key, bool are_the_same) {
    if (are_the_same) in.problem(key, "must not be the same as from");
  }

  Fact transfer() {
    risk::Transfer fact;
    fact.asset = asset("asset");
    fact.units = amount("amount", fact.asset, 1);
    if (in.has("from")) fact.from = account("from");
    if (in.has("to")) fact.to = account("to");
    if (!in.has("from") && !in.has("to")) in.problem("", "must have from or to, or both");
    check_apart("to", fact.from.exists() && fact.from == fact.to);
    return fact;
  }
  template <class Command>
  Fact of_debt() {
    Command fact;
    fact.account = account("account");
    fact.asset = asset("asset");
    fact.units = amount("amount", fact.asset, -kAny);
    return fact;
  }
  Fact conversion() {
    risk::Conversion fact;
    fact.account = account("account");
    fact.from = asset("from");
    fact.given = amount("given", fact.from, 1);
    fact.to = asset("to");
    fact.got = amount("got", fact.to, 1);
    check_apart("to", fact.from.exists() && fact.from == fact.to);
    return fact;
  }
  Fact position_transfer() {
    risk::PositionTransfer fact;
    fact.instrument = instrument();
    fact.from = account("from");
    fact.to = account("to");
    check_apart("to", fact.from.exists() && fact.from == fact.to);
    if (!fact.instrument.exists()) return in.ignore_rest(), fact;
    const InstrumentSettings& settings = deployment.instruments[fact.instrument.value];
    const risk::InstrumentParameters& parameters =
        deployment.parameters.instruments[fact.instrument.value];
    if (parameters.payoff == risk::Payoff::Spot) {
      in.problem("instrument", "is spot: what is bought is a balance, and there is no position");
    }
    const auto quantity = in.decimal("quantity", settings.quantity_decimals, -kAny, kAny);
    const auto price = in.decimal("price", settings.mark_decimals, parameters.marks_per_tick,
                                  settings.mark_max.raw);
    if (quantity && (*quantity == 0 || *quantity % settings.lot != 0)) {
      in.problem("quantity", fmt::format("must be a whole number of lots of {}, and not 0",
                                         to_decimal(settings.lot, settings.quantity_decimals)));
    }
    if (price && *price % parameters.marks_per_tick != 0) {
      in.problem("price",
                 fmt::format("must be a whole number of ticks of {}",
                             to_decimal(parameters.marks_per_tick, settings.mark_decimals)));
    }
    fact.lots = {quantity.value_or(0) / settings.lot};
    fact.price = {price.value_or(0) / parameters.marks_per_tick};
    if (!value_max(deployment, fact.instrument, fact.lots.raw < 0 ? -fact.lots : fact.lots)) {
      in.problem("quantity", "is worth more than 2^60 quanta at price_max");
    }
    return fact;
  }
  Fact realise() {
    risk::Realise fact;
    fact.account = account("account");
    return fact;
  }
  risk::Mark mark(std::string_view key, risk::InstrumentIndex of, std::int64_t min) {
    if (!of.exists()) return in.skip(key), risk::Mark{};
    const InstrumentSettings& settings = deployment.instruments[of.value];
    return {in.decimal(key, settings.mark_decimals, min, settings.mark_max.raw).value_or(0)};
  }
  Fact expire() {
    risk::Expire fact;
    fact.instrument = instrument();
    fact.price = mark("price", fact.instrument, 0);
    return fact;
  }
  Fact split() {
    risk::Split fact;
    fact.instrument = instrument();
    fact.numerator = in.integer("numerator", 1, kSplitMax).value_or(1);
    fact.denominator = in.integer("denominator", 1, kSplitMax).value_or(1);
    fact.mark = mark("mark", fact.instrument, 1);
    return fact;
  }
  Fact leverage_cap() {
    risk::LeverageCap fact;
    fact.max_ppm = kAny;
    if (!in.null("max")) fact.max_ppm = in.decimal("max", kPpmScale, 0, kAny).value_or(0);
    return fact;
  }
};

}  // namespace

std::optional<NumberedFact> read_fact(JsonReader& in, const Deployment& deployment) {
  using Read = Fact (FactReader::*)();
  constexpr std::array<Read, kFactNames.size()> kReaders{&FactReader::transfer,
                                                         &FactReader::of_debt<risk::Borrow>,
                                                         &FactReader::of_debt<risk::Interest>,
                                                         &FactReader::conversion,
                                                         &FactReader::position_transfer,
                                                         &FactReader::realise,
                                                         &FactReader::expire,
                                                         &FactReader::split,
                                                         &FactReader::leverage_cap};
  const auto kind = static_cast<std::size_t>(
      std::find_if(kFactNames.begin(), kFactNames.end(),
                   [&](std::string_view name) { return in.is_text("action", name); }) -
      kFactNames.begin());
  PORTCULLIS_ASSERT(kind < kFactNames.size());
  const auto number = in.integer("number", 1, kAny);
  FactReader reader{in, deployment};
  NumberedFact fact{.number = static_cast<std::uint64_t>(number.value_or(0)),
                    .fact = (reader.*kReaders[kind])()};
  if (!number) return std::nullopt;
  return fact;
}

}  // namespace portcullis::config
