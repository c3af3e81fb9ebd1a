// feeds.json, sources: where market data comes from. By name; it may be absent, and then there are no
// references.
//
//   venue           whose prices they are: sources of one venue are one opinion
//   dialect         deribit, binance, bybit or lines
//   ahead_max_ms    how far a time may be ahead of ours
//
// and exactly one of
//
//   file            a recorded session of the dialect; of lines such lines: "time_ns,symbol,price"
//   url             the venue's own stream: wss://host[:port]/path, or ws:// to the loopback. What is
//                   subscribed to follows from the references that name the source
//   listen          a port at which the venue publishes its prices as lines of text
//                   (feeds/live/price_lines.h); then the dialect is lines:
//     address, port   port 0: any that is free
//     publishers      IP addresses that may; not there: any, but then address is of the loopback
//     silence_ms      optional, as below
//
// Beside url may be, and otherwise is as feeds/live/conversation.h has it:
//
//   interval        how often the venue is to speak of tickers and marks: deribit 100ms (which it is
//                   otherwise), agg2 or raw; binance 1s (otherwise) or 3s; bybit has none
//   authorities_file   PEM: whose word for the venue's certificate is taken; otherwise of those whom
//                   the system trusts
//   connect_ms      from the host's name to the open WebSocket
//   silence_ms      the connection is given up when nothing at all came for so long
//   prices_silence_ms   ... or no price, though the connection lives
//   reconnect_ms_min, reconnect_ms_max   the first wait before the next attempt, and the longest
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/ip_address.h"
#include "config/load_steps.h"
#include "config/stream_url.h"
#include "risk/types.h"

namespace portcullis::config {

namespace {

using risk::kDayMs;

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kTenMinutesMs = 600'000;

std::optional<std::int64_t> read_optional_ns(JsonReader& in, std::string_view key,
                                             std::int64_t max) {
  if (!in.has(key)) return std::nullopt;
  return read_ns(in, key, kNsPerMs, 1, max);
}

std::string read_interval(JsonReader& in, SourceDialect dialect) {
  std::string interval = in.text("interval", 1, 16).value_or("");
  const auto must_be = [&](std::initializer_list<std::string_view> words, std::string_view what) {
    if (interval.empty() || std::find(words.begin(), words.end(), interval) != words.end()) return;
    in.problem("interval", std::string(what));
  };
  switch (dialect) {
    case SourceDialect::Deribit:
      must_be({"100ms", "agg2", "raw"}, "must be \"100ms\", \"agg2\" or \"raw\" for deribit");
      break;
    case SourceDialect::Binance:
      must_be({"1s", "3s"}, "must be \"1s\" or \"3s\" for binance");
      break;
    case SourceDialect::Bybit:
    case SourceDialect::Lines:
      must_be({}, "must not be there: only deribit and binance have one");
      break;
  }
  return interval;
}

StreamSettings read_stream(const Loading& loading, JsonReader& in, SourceDialect dialect) {
  StreamSettings stream;
  stream.url = in.text("url", 1, 512).value_or("");
  const std::optional<StreamUrl> url = parse_stream_url(stream.url);
  if (url) {
    stream.host = url->host;
    stream.port = url->port;
    stream.path = url->path;
    stream.is_encrypted = url->is_encrypted;
    if (!url->is_encrypted && url->host != "localhost" && !is_loopback_address(url->host)) {
      in.problem("url", "must be wss://: only to the loopback is nothing encrypted");
    }
  } else if (!stream.url.empty()) {
    in.problem("url", "must be wss://host[:port]/path");
  }
  if (dialect == SourceDialect::Lines) {
    in.problem("url", "must not be there for lines, which publishers send to listen");
  }
  if (in.has("interval")) stream.interval = read_interval(in, dialect);
  if (in.has("authorities_file")) {
    stream.authorities_file = read_path(loading, in, "authorities_file");
    if (url && !url->is_encrypted) {
      in.problem("authorities_file", "must not be there: nothing is encrypted");
    }
  }
  stream.connect_ns = read_optional_ns(in, "connect_ms", kTenMinutesMs);
  stream.silence_ns = read_optional_ns(in, "silence_ms", kHourMs);
  stream.prices_silence_ns = read_optional_ns(in, "prices_silence_ms", kDayMs);
  stream.reconnect_ns_min = read_optional_ns(in, "reconnect_ms_min", kTenMinutesMs);
  stream.reconnect_ns_max = read_optional_ns(in, "reconnect_ms_max", kTenMinutesMs);
  const std::int64_t longest_ns = stream.reconnect_ns_max.value_or(0);
  if (longest_ns != 0 && longest_ns < stream.reconnect_ns_min.value_or(0)) {
    in.problem("reconnect_ms_max", "must not be less than reconnect_ms_min");
  }
  return stream;
}

ListenSettings read_listen(JsonReader in) {
  ListenSettings listen;
  listen.address = read_address(in);
  listen.port = static_cast<std::uint16_t>(in.integer("port", 0, 65'535).value_or(0));
  if (in.has("publishers")) {
    listen.publishers = in.texts("publishers", 1, 64).value_or(std::vector<std::string>{});
    const auto& publishers = listen.publishers;
    if (!std::all_of(publishers.begin(), publishers.end(), is_ip_address)) {
      in.problem("publishers", "must be IP addresses");
    } else if (in.is_list("publishers") && publishers.empty()) {
      in.problem("publishers", "must not be empty, or not be there");
    }
  } else if (is_ip_address(listen.address) && !is_loopback_address(listen.address)) {
    in.problem("address",
               "must be of the loopback, or publishers be there: anybody could name prices");
  }
  listen.silence_ns = read_optional_ns(in, "silence_ms", kHourMs);
  return listen;
}

SourceSettings read_source(const Loading& loading, const std::string& name, JsonReader in) {
  SourceSettings source;
  source.venue = in.text("venue", 1, 32).value_or("");
  const auto dialect = in.choice<SourceDialect>("dialect", {{"deribit", SourceDialect::Deribit},
                                                            {"binance", SourceDialect::Binance},
                                                            {"bybit", SourceDialect::Bybit},
                                                            {"lines", SourceDialect::Lines}});
  source.dialect = dialect.value_or(SourceDialect::Lines);
  source.ahead_max_ns = read_ns(in, "ahead_max_ms", kNsPerMs, 0, 60'000);

  std::vector<std::string_view> origins;
  for (const std::string_view key : {"file", "url", "listen"}) {
    if (in.has(key)) origins.push_back(key);
  }
  if (origins.size() > 1) {
    for (std::size_t i = 1; i < origins.size(); ++i) {
      in.problem(origins[i], fmt::format("must not be there beside {}", origins[0]));
    }
    in.ignore_rest();
  } else if (!dialect) {
    in.ignore_rest();
  } else if (origins.empty() || origins[0] == "file") {
    source.file = read_path(loading, in, "file");
  } else if (origins[0] == "url") {
    source.stream = read_stream(loading, in, source.dialect);
  } else {
    if (source.dialect != SourceDialect::Lines) {
      in.problem("listen", "must not be there but for lines");
    } else if (name.find(' ') != std::string::npos) {
      in.problem("listen", "must be of a source whose name has no spaces: publishers say it");
    }
    source.listen = read_listen(in.object("listen"));
  }
  return source;
}

}  // namespace

void load_sources(Loading& loading, JsonReader& root) {
  const std::size_t problems_before = loading.problem_count();
  if (root.has("sources")) {
    JsonReader sources = root.object("sources");
    for (const std::string& name : sources.keys()) {
      check_name(sources, name);
      loading.out.names.sources.add(name);
      loading.out.feed.sources.push_back(read_source(loading, name, sources.object(name)));
    }
    if (sources.readable() && loading.out.feed.sources.empty()) {
      sources.problem("", "must not be empty");
    }
  }
  loading.sources_ok = loading.problem_count() == problems_before;
}

void check_sources_in_use(const Loading& loading, JsonReader& root) {
  const FeedSettings& feed = loading.out.feed;
  std::vector<bool> used(feed.sources.size());
  for (const ReferenceSettings& reference : feed.references) {
    for (const ReferenceSource& from : reference.sources) used[from.source.value] = true;
  }
  for (const FundingSettings& funding : feed.fundings) used[funding.source.value] = true;
  for (const OpenInterestSettings& interest : feed.open_interests)
    used[interest.source.value] = true;
  for (std::uint32_t i = 0; i < feed.sources.size(); ++i) {
    if (used[i] || !feed.sources[i].stream) continue;
    JsonReader sources = root.object("sources");
    sources.ignore_rest();
    sources.problem(
        loading.out.names.sources.name({i}),
        "must be a source of a reference, a funding or an open interest: there is nothing to "
        "subscribe to");
  }
}

}  // namespace portcullis::config
