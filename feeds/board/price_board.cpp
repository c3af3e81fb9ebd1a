#include "feeds/board/price_board.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "feeds/board/unit_price.h"

namespace portcullis::feeds {

namespace {

using config::ReferenceRule;
using config::SourceField;
using config::SourceIndex;

constexpr SourceSet bit(std::uint32_t place) { return SourceSet{1} << place; }

// A price in units, for people; without the heap.
struct PriceText {
  explicit PriceText(std::int64_t price, int decimals) {
    std::uint64_t unit = 1;
    for (int i = 0; i < decimals; ++i) unit *= 10;
    const auto bits = static_cast<std::uint64_t>(price);
    const std::uint64_t magnitude = price < 0 ? ~bits + 1 : bits;
    char* end = fmt::format_to(text.data(), "{}{}", price < 0 ? "-" : "", magnitude / unit);
    if (decimals > 0) end = fmt::format_to(end, ".{:0{}}", magnitude % unit, decimals);
    size = static_cast<std::size_t>(end - text.data());
  }
  [[nodiscard]] std::string_view view() const { return {text.data(), size}; }

  std::array<char, 48> text{};
  std::size_t size = 0;
};

template <class... Values>
void tell(const PriceBoard::Sinks& sinks, fmt::format_string<Values...> format,
          Values&&... values) {
  if (!sinks.event) return;
  fmt::memory_buffer text;  // has room for every event without the heap
  fmt::format_to(std::back_inserter(text), format, std::forward<Values>(values)...);
  sinks.event({text.data(), text.size()});
}

std::string_view name_of(PriceState state) {
  return kPriceStateNames[static_cast<std::size_t>(state)];
}

// REQUIRES: not Mid, which two make.
MarketField field_of(SourceField field, bool is_mark) {
  switch (field) {
    case SourceField::Mark:
      return MarketField::Mark;
    case SourceField::Index:
      return MarketField::Index;
    case SourceField::Price:  // of a live line
      return is_mark ? MarketField::Mark : MarketField::Index;
    case SourceField::Last:
    case SourceField::Mid:
      break;
  }
  return MarketField::Last;
}

}  // namespace

PriceBoard::PriceBoard(const config::Deployment& deployment, Sinks sinks)
    : reference_of_instrument_(deployment.instruments.size(), kNoSource),
      reference_of_asset_(deployment.assets.size(), kNoSource),
      sinks_(std::move(sinks)) {
  const config::Names& names = deployment.names;
  for (const config::SourceSettings& settings : deployment.feed.sources) {
    sources_.push_back({.ahead_max_ns = settings.ahead_max_ns});
  }
  for (const config::ReferenceSettings& rules : deployment.feed.references) {
    const auto number = static_cast<std::uint32_t>(references_.size());
    Reference reference;
    reference.rules = rules;
    if (rules.instrument.exists()) {
      reference.name = "mark of " + names.instruments.name(rules.instrument);
      reference.status.index = rules.instrument.value;
      reference_of_instrument_[rules.instrument.value] = number;
    } else {
      reference.name = "index of " + names.assets.name(rules.asset);
      reference.status.kind = PriceUpdate::Kind::Index;
      reference.status.index = rules.asset.value;
      reference_of_asset_[rules.asset.value] = number;
    }
    std::vector<std::string> venues;
    for (const config::ReferenceSource& source : rules.sources) {
      const auto place = static_cast<std::uint32_t>(reference.prices.size());
      const std::string& venue = deployment.feed.sources[source.source.value].venue;
      const auto found = std::find(venues.begin(), venues.end(), venue);
      const bool gives =
          rules.rule == ReferenceRule::Median || source.role != config::SourceRole::Voter;
      reference.prices.push_back(
          {.venue = static_cast<std::uint32_t>(found - venues.begin()), .gives = gives});
      if (found == venues.end()) venues.push_back(venue);
      reference.inputs.push_back(
          {.name = fmt::format("{} {} {}", names.sources.name(source.source), source.symbol,
                               config::kSourceFieldNames[static_cast<std::size_t>(source.field)])});
      sources_[source.source.value].uses[source.symbol].push_back({number, place});
    }
    references_.push_back(std::move(reference));
  }
}

void PriceBoard::tell_states(std::int64_t now_ns) {
  step(now_ns);
  if (!sinks_.state) return;
  for (const Reference& reference : references_) {
    const ReferenceStatus& status = reference.status;
    sinks_.state({status.kind, status.index, status.state, now_ns_});
  }
}

void PriceBoard::take(SourceIndex source, const MarketUpdate& update, std::int64_t now_ns) {
  now_ns_ = std::max(now_ns_, now_ns);
  Source& from = sources_[source.value];
  const auto uses = from.uses.find(update.symbol);
  if (uses == from.uses.end()) {
    ++from.counts.unused;
    return;
  }
  for (const Use use : uses->second) {
    const config::ReferenceSettings& rules = references_[use.reference].rules;
    take_reading(from, use, read(rules, use.place, update), update.source_time_ns);
  }
}

void PriceBoard::take(SourceIndex source, const PriceUpdate& line, std::int64_t now_ns) {
  now_ns_ = std::max(now_ns_, now_ns);
  Source& from = sources_[source.value];
  const auto& references =
      line.kind == PriceUpdate::Kind::Mark ? reference_of_instrument_ : reference_of_asset_;
  const std::uint32_t number = line.index < references.size() ? references[line.index] : kNoSource;
  if (number != kNoSource) {
    const auto& sources = references_[number].rules.sources;
    for (std::uint32_t place = 0; place < sources.size(); ++place) {
      if (sources[place].source != source) continue;
      return take_reading(from, {number, place}, {.price = line.price}, line.as_of_ns);
    }
  }
  ++from.counts.unused;
}

PriceBoard::Reading PriceBoard::read(const config::ReferenceSettings& rules, std::uint32_t place,
                                     const MarketUpdate& update) {
  const config::ReferenceSource& source = rules.sources[place];
  UnitPrice price;
  if (source.field == SourceField::Mid) {
    const auto& bid = update[MarketField::BestBid];
    const auto& ask = update[MarketField::BestAsk];
    if (!bid || !ask) return {.outcome = PriceOutcome::Absent};
    if (is_less(*ask, *bid)) return {.outcome = PriceOutcome::Crossed};
    price = unit_mid(*bid, *ask, source.multiplier, rules.decimals);
  } else {
    const MarketField field = field_of(source.field, rules.instrument.exists());
    if (!update[field]) return {.outcome = PriceOutcome::Absent};
    price = unit_price(*update[field], source.multiplier, rules.decimals);
  }
  if (price.out_of_range) return {.outcome = PriceOutcome::OutOfRange};
  return {.price = price.value, .rounded = price.rounded};
}

PriceOutcome PriceBoard::judge(const Source& source, const Reference& reference,
                               std::uint32_t place, const Reading& reading,
                               std::int64_t source_time_ns) const {
  const Input& input = reference.inputs[place];
  if (reading.outcome == PriceOutcome::Absent) return reading.outcome;
  if (source_time_ns > now_ns_ + source.ahead_max_ns) return PriceOutcome::Future;
  if (source_time_ns < input.source_time_ns) return PriceOutcome::OutOfOrder;
  if (reading.outcome != PriceOutcome::Taken) return reading.outcome;
  if (reading.price <= 0) return PriceOutcome::NotPositive;
  if (reading.price < reference.rules.price_min || reading.price > reference.rules.price_max) {
    return PriceOutcome::Absurd;
  }
  if (source_time_ns == input.source_time_ns && reading.price == reference.prices[place].price) {
    return PriceOutcome::Duplicate;
  }
  return PriceOutcome::Taken;
}

void PriceBoard::take_reading(Source& source, Use use, const Reading& reading,
                              std::int64_t source_time_ns) {
  Reference& reference = references_[use.reference];
  catch_up(reference);
  Input& input = reference.inputs[use.place];
  const PriceOutcome outcome = judge(source, reference, use.place, reading, source_time_ns);
  ++source.counts.outcomes[static_cast<std::size_t>(outcome)];
  if (outcome == PriceOutcome::Taken) {
    source.counts.rounded += reading.rounded ? 1 : 0;
    input.source_time_ns = source_time_ns;
    SourcePrice& price = reference.prices[use.place];
    price.price = reading.price;
    price.as_of_ns = std::min(source_time_ns, now_ns_);
    settle(reference, now_ns_, bit(use.place));
    return;
  }
  if (outcome == PriceOutcome::Absent || outcome == PriceOutcome::Duplicate) return;
  if (now_ns_ < input.next_complaint_ns) return;
  input.next_complaint_ns = now_ns_ + reference.rules.max_age_ns;
  tell(sinks_, "{}: {} is refused: {}, price {}, time {}", reference.name, input.name,
       kPriceOutcomeNames[static_cast<std::size_t>(outcome)],
       PriceText(reading.price, reference.rules.decimals).view(), source_time_ns);
}

void PriceBoard::step(std::int64_t now_ns) {
  now_ns_ = std::max(now_ns_, now_ns);
  for (Reference& reference : references_) catch_up(reference);
}

std::int64_t PriceBoard::next_due_ns() const {
  std::int64_t due = std::numeric_limits<std::int64_t>::max();
  for (const Reference& reference : references_) due = std::min(due, reference.due_ns);
  return due;
}

void PriceBoard::catch_up(Reference& reference) {
  while (reference.due_ns <= now_ns_) settle(reference, reference.due_ns, 0);
}

void PriceBoard::settle(Reference& reference, std::int64_t now_ns, SourceSet news) {
  Opinion opinion = reference.rules.rule == ReferenceRule::Median
                        ? opinion_by_median(reference.rules, reference.prices, now_ns)
                        : opinion_in_order(reference, now_ns);
  judge_jump(reference, opinion, news);
  publish(reference, opinion, now_ns);
  set_due(reference, now_ns);
}

Opinion PriceBoard::opinion_in_order(Reference& reference, std::int64_t now_ns) {
  const config::ReferenceSettings& rules = reference.rules;
  const Usable usable = usable_sources(rules, reference.prices, now_ns);
  for (std::uint32_t i = 0; i < reference.inputs.size(); ++i) {
    const bool has_become = (usable.sources & ~reference.usable & bit(i)) != 0;
    if (has_become) reference.inputs[i].usable_since_ns = now_ns;
  }
  reference.usable = usable.sources;
  if (usable.sources == 0) return usable.none;

  const std::uint32_t in_use = reference.status.source;
  std::uint32_t chosen = in_use;
  if (in_use == kNoSource || (usable.sources & bit(in_use)) == 0) {
    chosen = static_cast<std::uint32_t>(std::countr_zero(usable.sources));
  } else {
    for (std::uint32_t i = in_use; i-- > 0;) {
      const bool has_returned =
          (usable.sources & bit(i)) != 0 &&
          now_ns - reference.inputs[i].usable_since_ns >= rules.return_after_ns;
      if (has_returned) chosen = i;
    }
  }
  if (chosen != in_use) {
    reference.status.counts.switches += in_use != kNoSource ? 1 : 0;
    tell(sinks_, "{}: uses {}, and {} before", reference.name, reference.inputs[chosen].name,
         in_use != kNoSource ? std::string_view(reference.inputs[in_use].name) : "none");
    reference.status.source = chosen;
  }
  return opinion_of(rules, reference.prices, chosen, now_ns);
}

void PriceBoard::judge_jump(Reference& reference, Opinion& opinion, SourceSet news) const {
  const config::ReferenceSettings& rules = reference.rules;
  ReferenceStatus& status = reference.status;
  if (opinion.state != PriceState::Good || status.price == 0 ||
      is_within(opinion.price, status.price, rules.jump_ppm)) {
    reference.jump_price = 0;
    return;
  }
  const PriceText from(status.price, rules.decimals);
  const PriceText to(opinion.price, rules.decimals);
  if (reference.jump_price == 0 ||
      !is_within(opinion.price, reference.jump_price, rules.jump_ppm)) {
    reference.jump_price = opinion.price;
    reference.jump_updates = 0;
    ++status.counts.jumps;
    tell(sinks_, "{}: jumps from {} to {}", reference.name, from.view(), to.view());
  } else if ((news & opinion.makers) != 0) {
    ++reference.jump_updates;
  }
  const bool by_updates = rules.jump_updates != 0 && reference.jump_updates >= rules.jump_updates;
  const bool by_another = rules.jump_another && opinion.venues_agreeing > rules.min_sources;
  if (!by_updates && !by_another) {
    opinion.state = PriceState::Jumped;
    return;
  }
  reference.jump_price = 0;
  ++status.counts.jumps_confirmed;
  tell(sinks_, "{}: the jump from {} to {} is confirmed by {}", reference.name, from.view(),
       to.view(), by_updates ? "updates" : "another venue");
}

void PriceBoard::publish(Reference& reference, const Opinion& opinion, std::int64_t now_ns) {
  ReferenceStatus& status = reference.status;
  status.venues_fresh = opinion.venues_fresh;
  status.venues_agreeing = opinion.venues_agreeing;
  const bool is_news = opinion.price != status.price || opinion.as_of_ns != status.as_of_ns;
  if (opinion.state == PriceState::Good && is_news) {
    status.price = opinion.price;
    status.as_of_ns = opinion.as_of_ns;
    ++status.counts.published;
    if (sinks_.price) {
      sinks_.price({.as_of_ns = status.as_of_ns,
                    .price = status.price,
                    .index = status.index,
                    .kind = status.kind});
    }
  }
  if (opinion.state == status.state) return;
  const PriceState before = status.state;
  status.state = opinion.state;
  ++status.counts.entered[static_cast<std::size_t>(status.state)];
  if (sinks_.state) sinks_.state({status.kind, status.index, status.state, now_ns});
  tell(sinks_, "{}: {}, and {} before: of its venues {} have a price, {} agree, {} must; price {}",
       reference.name, name_of(status.state), name_of(before), status.venues_fresh,
       status.venues_agreeing, reference.rules.min_sources,
       PriceText(status.price, reference.rules.decimals).view());
}

void PriceBoard::set_due(Reference& reference, std::int64_t now_ns) {
  const config::ReferenceSettings& rules = reference.rules;
  std::int64_t due = std::numeric_limits<std::int64_t>::max();
  const SourceSet fresh = fresh_sources(reference.prices, rules.max_age_ns, now_ns);
  for (std::uint32_t i = 0; i < reference.prices.size(); ++i) {
    if ((fresh & bit(i)) == 0) continue;
    due = std::min(due, reference.prices[i].as_of_ns + rules.max_age_ns + 1);
  }
  // Those above the one in use, which may return. Of a median none is in use.
  for (std::uint32_t i = 0; i < reference.prices.size() && i < reference.status.source; ++i) {
    if ((reference.usable & bit(i)) == 0) continue;
    due = std::min(due, reference.inputs[i].usable_since_ns + rules.return_after_ns);
  }
  reference.due_ns = std::max(due, now_ns + 1);  // whatever comes, time goes on
}

FeedTargets line_targets(const config::Deployment& deployment, SourceIndex source) {
  FeedTargets targets;
  for (const config::ReferenceSettings& rules : deployment.feed.references) {
    const bool is_mark = rules.instrument.exists();
    for (const config::ReferenceSource& from : rules.sources) {
      if (from.source != source) continue;
      targets[from.symbol].push_back(
          {.kind = is_mark ? PriceUpdate::Kind::Mark : PriceUpdate::Kind::Index,
           .index = is_mark ? rules.instrument.value : rules.asset.value,
           .decimals = rules.decimals,
           .price_max = rules.price_max});
    }
  }
  return targets;
}

}  // namespace portcullis::feeds
