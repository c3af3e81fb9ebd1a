// feeds.json: where prices come from.
//
//   recording     file; format csv or jsonl; speed, how many times faster than recorded ("0":
//                 without waiting); repeat, whether it begins again at the end
//   conflation_ms, queue_slots   between the feed's thread and the shard
//   instruments   by name: max_age_ms, after which the mark is stale, and its symbol in the
//                 recording or a reference, a price that several sources make; or no_feed: true, and
//                 then only orders that reduce a position pass. funding and open_interest, what the
//                 sources say of it beside (load_contracts.cpp)
//   assets        by name: max_age_ms of the index, and symbol or reference; or fixed, an index
//                 that does not move
//   sources       what references are made of (load_references.cpp)
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
  if (in.has("funding")) read_funding(loading, in.object("funding"), index);
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

}  // namespace

void load_feeds(Loading& loading, const Json& json) {
  JsonReader root(kFeedsFile, json, loading.problems);
  FeedSettings& feed = loading.out.feed;
  JsonReader recording = root.object("recording");
  feed.file = read_path(loading, recording, "file");
  feed.format = recording
                    .choice<FeedFormat>(
                        "format", {{"csv", FeedFormat::Csv}, {"jsonl", FeedFormat::JsonLines}})
                    .value_or(FeedFormat::Csv);
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
}

}  // namespace portcullis::config
