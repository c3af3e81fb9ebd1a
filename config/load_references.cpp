// feeds.json: the reference prices that are made of what sources say (load_sources.cpp).
//
//   reference       of an instrument's mark or an asset's index:
//     rule            median, of the sources that agree (the two in the middle: their mean, rounded
//                     half away from zero); primary_with_fallback, the first of the list that can be
//                     used
//     sources         list of, no more than one for a venue in a median:
//       source, symbol  where, and its name there
//       field           mark, index, last, mid (of bid and ask); of lines price. Binance says a mid
//                       or last when it changes: a quiet book, and who does not trade, grow old
//       role            primary, fallback, voter, which agrees or not but gives no price; of a median
//                       all are voters
//       price_multiplier  by which its price is multiplied; 1 by default
//     min_sources     so many venues must agree
//     max_age_ms      what is older is not used; not more than the max_age_ms beside the reference
//     divergence_max  the share by which prices that agree may differ: from the median, or from the
//                     source that is judged
//     price_min       what is less is not believed, as is what is more than price_max or index_max
//     jump            max, the share of the last good price by which the next may differ; a larger
//                     move is confirmed by confirm_updates further updates within max of it (0: not
//                     so), or with confirm_another when one venue more than min_sources agrees
//     return_after_ms primary_with_fallback: so long a source above the one in use must have been
//                     good before it is used again
//     own_book_alone  assets: must be kOwnBookAlone where the sources are of one venue or min_sources
//                     is 1, for then what that venue's book says alone is what collateral is worth
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "config/load_steps.h"
#include "risk/types.h"

namespace portcullis::config {

namespace {

using risk::kDayMs;
using risk::kPpm;

ReferenceSource read_reference_source(const Loading& loading, JsonReader& in) {
  ReferenceSource source;
  source.source = in.reference("source", loading.out.names.sources, "a source of feeds.json")
                      .value_or(SourceIndex{});
  source.symbol = in.text("symbol", 1, 64).value_or("");
  const auto field = in.choice<SourceField>("field", {{"mark", SourceField::Mark},
                                                      {"index", SourceField::Index},
                                                      {"last", SourceField::Last},
                                                      {"mid", SourceField::Mid},
                                                      {"price", SourceField::Price}});
  source.field = field.value_or(SourceField::Mark);
  source.role = in.choice<SourceRole>("role", {{"primary", SourceRole::Primary},
                                               {"fallback", SourceRole::Fallback},
                                               {"voter", SourceRole::Voter}})
                    .value_or(SourceRole::Voter);
  source.multiplier = read_multiplier(in, "price_multiplier");
  if (!field || !source.source.exists() || !loading.sources_ok) return source;
  const SourceSettings& settings = loading.out.feed.sources[source.source.value];
  const bool is_line = settings.dialect == SourceDialect::Lines;
  check_live_symbol(in, settings, source.symbol);
  if (is_line != (source.field == SourceField::Price)) {
    in.problem("field", is_line ? "must be \"price\" for a source of lines"
                                : "must not be \"price\", which only lines have");
  }
  if (is_line && source.multiplier != Ratio{1, 1}) {
    in.problem("price_multiplier",
               "must not be there for a source of lines, which are in our units");
  }
  return source;
}

// What is wrong with the roles; empty: nothing.
std::string check_roles(const ReferenceSettings& reference) {
  const auto& sources = reference.sources;
  const auto count = [&](SourceRole role) {
    return std::count_if(sources.begin(), sources.end(),
                         [&](const ReferenceSource& source) { return source.role == role; });
  };
  if (reference.rule == ReferenceRule::Median) {
    if (count(SourceRole::Voter) == std::ssize(sources)) return "";
    return "must all have the role voter for a median";
  }
  if (sources.front().role != SourceRole::Primary || count(SourceRole::Primary) != 1) {
    return "must begin with the one primary";
  }
  return count(SourceRole::Fallback) > 0 ? "" : "must have a fallback";
}

// A source twice would agree with itself.
std::string check_twice(const Loading& loading, const ReferenceSettings& reference) {
  std::set<std::tuple<std::uint32_t, std::string, SourceField>> seen;
  std::set<std::uint32_t> lines;
  std::set<std::string> venues;
  for (const ReferenceSource& source : reference.sources) {
    const std::string& name = loading.out.names.sources.name(source.source);
    if (!seen.emplace(source.source.value, source.symbol, source.field).second ||
        (source.field == SourceField::Price && !lines.insert(source.source.value).second)) {
      return fmt::format("have {} twice", name);
    }
    const std::string& venue = loading.out.feed.sources[source.source.value].venue;
    if (!venues.insert(venue).second && reference.rule == ReferenceRule::Median) {
      return fmt::format("must be of one venue each for a median, and {} is there twice", venue);
    }
  }
  return "";
}

// Collateral must not be worth what one venue's book says, unless somebody has said that it shall.
void check_own_book(JsonReader& in, const ReferenceSettings& reference, std::size_t venue_count,
                    const std::string& venue) {
  const bool is_accepted = in.is_text("own_book_alone", kOwnBookAlone);
  if (in.has("own_book_alone") && !is_accepted) {
    in.skip("own_book_alone");
    in.problem("own_book_alone", fmt::format("must be \"{}\", or not be there", kOwnBookAlone));
    return;
  }
  std::string key;
  std::string what;
  if (venue_count == 1) {
    key = "sources";
    what = fmt::format("are all of the venue {}", venue);
  } else if (reference.min_sources < 2) {
    key = "min_sources";
    what = "lets one venue alone make the price";
  }
  if (what.empty() && is_accepted) {
    in.problem("own_book_alone",
               "must not be there: no venue alone makes the price, and it would hide if one did");
  } else if (!what.empty() && !is_accepted) {
    in.problem(key, fmt::format("{}: its own book alone would say what collateral is worth. If it "
                                "shall, say so with own_book_alone: \"{}\"",
                                what, kOwnBookAlone));
  }
}

void check_sources(const Loading& loading, JsonReader& in, const ReferenceSettings& reference) {
  std::set<std::string> venues;
  for (const ReferenceSource& source : reference.sources) {
    venues.insert(loading.out.feed.sources[source.source.value].venue);
  }
  for (std::string what : {check_roles(reference), check_twice(loading, reference)}) {
    if (!what.empty()) return in.problem("sources", std::move(what));
  }
  if (reference.min_sources > venues.size()) {
    in.problem("min_sources",
               fmt::format("must be at most {}, so many venues the sources are of", venues.size()));
  } else if (reference.jump_another && venues.size() == reference.min_sources) {
    JsonReader jump = in.object("jump");
    jump.ignore_rest();
    jump.problem("confirm_another",
                 fmt::format("cannot be: the sources are of {} venues, no more than min_sources",
                             venues.size()));
  }
  if (reference.asset.exists()) {
    check_own_book(in, reference, venues.size(), *venues.begin());
  }
}

}  // namespace

void check_live_symbol(JsonReader& in, const SourceSettings& source, const std::string& symbol) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (source.stream && !std::all_of(symbol.begin(), symbol.end(), is_plain)) {
    in.problem("symbol", "must be of letters, digits, '-', '_' and '.' for a stream");
  } else if (source.listen && symbol.find(' ') != std::string::npos) {
    in.problem("symbol", "must have no spaces for a source that listens");
  }
}

Ratio read_multiplier(JsonReader& in, std::string_view key) {
  if (!in.has(key)) return {1, 1};
  const Ratio multiplier = in.ratio(key).value_or(Ratio{1, 1});
  if (multiplier.numerator > kMultiplierMax || multiplier.denominator > kMultiplierMax)
    in.problem(key, fmt::format("must be a fraction of numbers up to {}", kMultiplierMax));
  return multiplier;
}

void read_reference(Loading& loading, JsonReader in, ReferenceSettings reference,
                    std::int64_t age_max_ns) {
  const std::size_t problems_before = loading.problem_count();
  const auto rule = in.choice<ReferenceRule>(
      "rule", {{"median", ReferenceRule::Median},
               {"primary_with_fallback", ReferenceRule::PrimaryWithFallback}});
  reference.rule = rule.value_or(ReferenceRule::Median);
  in.each_item("sources", [&](JsonReader& item) {
    reference.sources.push_back(read_reference_source(loading, item));
  });
  const std::size_t count = reference.sources.size();
  if (in.is_list("sources") && (count == 0 || count > kReferenceSourcesMax)) {
    in.problem("sources", fmt::format("must be 1 to {}", kReferenceSourcesMax));
  }
  reference.min_sources =
      static_cast<std::uint32_t>(in.integer("min_sources", 1, kReferenceSourcesMax).value_or(0));
  reference.max_age_ns = read_ns(in, "max_age_ms", kNsPerMs, 1, kAgeMsMax);
  if (age_max_ns != 0 && reference.max_age_ns > age_max_ns) {
    in.problem("max_age_ms", fmt::format("must be at most {}, the max_age_ms beside the reference",
                                         age_max_ns / kNsPerMs));
  }
  reference.divergence_ppm = in.decimal("divergence_max", kPpmScale, 0, kPpm).value_or(0);
  reference.price_min = in.decimal("price_min", reference.decimals, 1, kUnitsMax).value_or(1);
  if (reference.price_max != 0 && reference.price_min > reference.price_max) {
    in.problem("price_min", "must not be more than the highest price that is believed");
  }
  {
    JsonReader jump = in.object("jump");
    reference.jump_ppm = jump.decimal("max", kPpmScale, 1, 1'000 * kPpm).value_or(0);
    const auto updates = jump.integer("confirm_updates", 0, 1'000);
    const auto another = jump.boolean("confirm_another");
    reference.jump_updates = static_cast<std::uint32_t>(updates.value_or(0));
    reference.jump_another = another.value_or(false);
    if (updates == 0 && another == false) {
      jump.problem("", "must be confirmed by updates or by another venue, or it never ends");
    }
  }
  if (rule == ReferenceRule::PrimaryWithFallback) {
    reference.return_after_ns = read_ns(in, "return_after_ms", kNsPerMs, 0, kDayMs);
  } else if (!rule) {
    in.skip("return_after_ms");
  }
  if (loading.sources_ok && in.readable() && loading.problem_count() == problems_before) {
    check_sources(loading, in, reference);
  } else if (reference.asset.exists()) {
    in.skip("own_book_alone");
  }
  loading.out.feed.references.push_back(std::move(reference));
}

}  // namespace portcullis::config
