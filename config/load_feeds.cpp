// feeds.json: where prices come from.
//
//   recording     file and format, csv or jsonl: neither where nothing has a symbol in it; for what
//                 is recorded of sources too speed, how many times faster than recorded ("0": without
//                 waiting), and repeat, whether it begins again at the end
//   conflation_ms, queue_slots   between the feed's thread and the shard
//   instruments   by name: max_age_ms, after which the mark is stale, and its symbol in the
//                 recording or a reference, a price that several sources make; or no_feed: true, and
//                 then only orders that reduce a position pass. funding and open_interest, what the
//                 sources say of it beside (load_contracts.cpp)
//   assets        by name: max_age_ms of the index, and symbol or reference; or fixed, an index
//                 that does not move
//   sources       what references are made of (load_sources.cpp, load_references.cpp)
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/load_steps.h"

namespace portcullis::config {

namespace {

void read_instrument_feed(Loading& loading, JsonReader in, risk::InstrumentIndex index) {
  InstrumentSettings& instrument = loading.out.instruments[index.value];
  if (in.has("no_feed")) {
    if (in.boolean("no_feed") == false) in.problem("no_feed", "must be true, or not be there");
    loading.out.parameters.instruments[index.value].mark_age_max_ns =
        1;  // there is no mark to be older
    return;
  }
  std::int64_t& age_max_ns = loading.out.parameters.instruments[index.value].mark_age_max_ns;
  age_max_ns = read_ns(in, "max_age_ms", kNsPerMs, 1, kAgeMsMax);
  if (in.has("funding")) {
    read_funding(loading, in.object("funding"), index);
    if (!in.has("reference"))
      in.problem("funding", "must stand beside a reference, at whose mark it is paid");
  }
  if (in.has("open_interest")) read_open_interest(loading, in.object("open_interest"), index);
  if (!in.has("reference")) {
    instrument.feed_symbol = in.text("symbol", 1, 64).value_or("");
    return;
  }
  ReferenceSettings reference;
  reference.instrument = index;
  reference.decimals = instrument.mark_decimals;
  reference.price_max = instrument.mark_max.raw;
  read_reference(loading, in.object("reference"), std::move(reference), age_max_ns);
}

void read_asset_feed(Loading& loading, JsonReader in, risk::AssetIndex index) {
  AssetSettings& asset = loading.out.assets[index.value];
  risk::AssetParameters& parameters = loading.out.parameters.assets[index.value];
  if (in.has("fixed")) {
    asset.fixed_index = in.decimal("fixed", asset.index_decimals, 1, asset.index_max).value_or(0);
    parameters.index_age_max_ns = kNeverStaleNs;
    return;
  }
  parameters.index_age_max_ns = read_ns(in, "max_age_ms", kNsPerMs, 1, kAgeMsMax);
  if (!in.has("reference")) {
    asset.feed_symbol = in.text("symbol", 1, 64).value_or("");
    return;
  }
  ReferenceSettings reference;
  reference.asset = index;
  reference.decimals = asset.index_decimals;
  reference.price_max = asset.index_max;
  read_reference(loading, in.object("reference"), std::move(reference),
                 parameters.index_age_max_ns);
}

// Whoever has a symbol has it in a recording.
void check_symbols(const Deployment& out, JsonReader& recording) {
  const auto tell = [&](const std::string& name) {
    recording.problem("file", fmt::format("is missing: {} has a symbol in it", name));
  };
  for (std::uint32_t i = 0; i < out.instruments.size(); ++i)
    if (!out.instruments[i].feed_symbol.empty()) return tell(out.names.instruments.name({i}));
  for (std::uint32_t a = 0; a < out.assets.size(); ++a)
    if (!out.assets[a].feed_symbol.empty()) return tell(out.names.assets.name({a}));
}

// What the gate builds a risk table of is what sources say.
void check_table_inputs(Loading& loading) {
  const Deployment& out = loading.out;
  const auto reference_of = [&](const auto& is_of) {
    return std::find_if(out.feed.references.begin(), out.feed.references.end(), is_of);
  };
  const auto need = [&](std::string_view list, const std::string& name, bool is_there,
                        std::string_view what, std::string_view group) {
    if (!is_there) {
      loading.problems.push_back(
          {std::string(kFeedsFile), fmt::format("{}.{}.reference", list, name), "",
           fmt::format("{}: the gate builds the risk table of {}", what, group)});
    }
  };
  std::set<risk::AssetIndex> asked;
  for (std::uint32_t g = 0; g < out.groups.size(); ++g) {
    const std::string& group = out.names.risk_groups.name({g});
    if (!out.groups[g].rebuild) continue;
    for (std::uint32_t i = 0; i < out.instruments.size(); ++i) {
      const risk::InstrumentParameters& instrument = out.parameters.instruments[i];
      const bool is_option = instrument.risk == risk::RiskSource::Table &&
                             group_of(loading, instrument.factor) == risk::GroupIndex{g};
      if (!is_option && out.groups[g].rebuild->anchor.value != i) continue;
      const std::string& name = out.names.instruments.name({i});
      const auto found = reference_of(
          [&](const ReferenceSettings& reference) { return reference.instrument.value == i; });
      need("instruments", name, found != out.feed.references.end(), "is missing", group);
      if (!is_option) continue;
      const AssetSettings& settlement = out.assets[instrument.settlement.value];
      const auto index = reference_of([&](const ReferenceSettings& reference) {
        return reference.asset == instrument.settlement;
      });
      const bool has_index = settlement.fixed_index > 0 || index != out.feed.references.end() ||
                             !asked.insert(instrument.settlement).second;
      need("assets", out.names.assets.name(instrument.settlement), has_index, "is missing", group);
      if (found == out.feed.references.end()) continue;
      const SourceSettings& giver = out.feed.sources[first_giver(*found).source.value];
      need("instruments", name, giver.dialect == SourceDialect::Deribit,
           "must have a first source that tells volatilities, of the dialect deribit", group);
    }
  }
}

}  // namespace

void load_feeds(Loading& loading, const Json& json) {
  const std::size_t problems_before = loading.problem_count();
  JsonReader root(kFeedsFile, json, loading.problems);
  FeedSettings& feed = loading.out.feed;
  JsonReader recording = root.object("recording");
  const bool has_recording = recording.has("file") || recording.has("format");
  if (has_recording) {
    feed.file = read_path(loading, recording, "file");
    feed.format = recording
                      .choice<FeedFormat>(
                          "format", {{"csv", FeedFormat::Csv}, {"jsonl", FeedFormat::JsonLines}})
                      .value_or(FeedFormat::Csv);
  }
  const auto speed = recording.decimal("speed", kPpmScale, 0, 1'000'000 * risk::kPpm);
  feed.speed_ppm = speed.value_or(0);
  feed.repeat = recording.boolean("repeat").value_or(false);
  if (speed == 0 && feed.repeat) {
    recording.problem("repeat", "must be false where speed is 0, without waiting");
  }
  feed.conflation_ns = read_ns(root, "conflation_ms", kNsPerMs, 0, 10'000);
  feed.queue_slots =
      static_cast<std::uint32_t>(root.integer("queue_slots", 64, 1 << 20).value_or(0));

  load_sources(loading, root);
  JsonReader instruments = root.object("instruments");
  for (const auto& [name, index] :
       instruments.keys_of(loading.out.names.instruments, "instrument")) {
    read_instrument_feed(loading, instruments.object(name), index);
  }
  JsonReader assets = root.object("assets");
  for (const auto& [name, index] : assets.keys_of(loading.out.names.assets, "asset")) {
    read_asset_feed(loading, assets.object(name), index);
  }
  if (!has_recording && recording.readable()) check_symbols(loading.out, recording);
  if (loading.problem_count() != problems_before) return;
  check_sources_in_use(loading, root);
  if (loading.add_ons_ok && loading.assets_ok) check_table_inputs(loading);
}

}  // namespace portcullis::config
