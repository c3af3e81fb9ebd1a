#include "bench/storm_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <span>
#include <utility>

namespace portcullis::bench {

namespace ouch = gateway::ouch;
namespace soup = gateway::soup;
namespace venue_sim = gateway::venue_sim;

namespace {

constexpr soup::LinkSettings kLink{.input_size_max = 262'144, .output_size_max = 262'144};
// No step of a pass takes as long.
constexpr std::int64_t kStopNs = 20'000;
constexpr const char* kPassword = "secret";
constexpr const char* kSession = "ALPHA1";
constexpr const char* kAccount = "alpha-1";

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "storm: %s\n", what);
  std::abort();
}

std::string name_of(std::uint32_t instrument) { return fmt::format("I{:04}", instrument); }
std::string factor_of(std::uint32_t instrument) {
  const std::uint32_t group = instrument / (kStormInstruments / kStormGroups);
  return fmt::format("F{}-{}", group, instrument % kFactorsPerStormGroup);
}
std::string table_name(std::uint32_t row) { return fmt::format("T{:04}", row); }

// A file of the configuration as a document.
class Document {
 public:
  explicit Document(const std::string& text) : json_(config::parse_json(text).json) {}
  config::Json& at(const std::string& path) {
    config::Json* found = test::find(json_, path);
    require(found != nullptr, path.c_str());
    return *found;
  }
  void add(const std::string& path, const std::string& name, config::Json value) {
    at(path).members.push_back({name, std::move(value)});
  }
  void add(const std::string& path, const std::string& name, const std::string& text) {
    add(path, name, json(text));
  }
  void set(const std::string& path, const std::string& text) { at(path) = json(text); }
  [[nodiscard]] std::string text() const { return config::to_text(json_); }

 private:
  static config::Json json(const std::string& text) {
    config::JsonResult parsed = config::parse_json(text);
    require(parsed.error.empty(), text.c_str());
    return std::move(parsed.json);
  }
  config::Json json_;
};

std::string instrument_text(const std::string& name, const std::string& factor, bool is_table) {
  return fmt::format(
      R"({{"kind": "{}", "settlement": "USDC", "factor": "{}", "multiplier": "1", "lot": "1",
          "tick": "0.01", "mark_decimals": 4, "price_max": "1000", "maker_fee_ppm": -20,
          "taker_fee_ppm": 30, "market_orders": true, {}
          "venue": {{ "symbol": "{}", "price_scale": "1", "quantity_scale": "1" }}}})",
      is_table ? "future" : "equity", factor,
      is_table ? R"("expiry": "2099-12-25T08:00:00Z", "risk": "table", "lot_value_max": "1000",)"
               : "",
      name);
}

constexpr const char* kLimits =
    R"({"clip": "100", "notional_max": "100000", "collar": "0.05", "long_max": "50",
        "short_max": "50", "gross_notional_max": "100000", "restricted": false})";

void add_instruments(test::Texts& texts) {
  Document instruments(texts["instruments.json"]);
  Document feeds(texts["feeds.json"]);
  Document limits(texts["limits.json"]);
  Document sessions(texts["sessions.json"]);
  const auto add = [&](const std::string& name, const std::string& factor, bool is_table) {
    instruments.add("instruments", name, instrument_text(name, factor, is_table));
    feeds.add("instruments", name,
              fmt::format(R"({{ "symbol": "{}", "max_age_ms": 60000 }})", name));
    for (config::JsonMember& profile : limits.at("profiles").members)
      test::find(profile.value, "instruments")
          ->members.push_back({name, config::parse_json(kLimits).json});
    sessions.add(
        "alias_sets.venue", name,
        fmt::format(R"({{ "instrument": "{}", "price_scale": "1", "quantity_scale": "1" }})",
                    name));
    sessions.at("sessions.ALPHA1.instruments")
        .items.push_back(config::parse_json(fmt::format(R"("{}")", name)).json);
  };
  for (std::uint32_t i = 0; i < kStormInstruments; ++i) add(name_of(i), factor_of(i), false);
  for (std::uint32_t row = 0; row < kTableRows; ++row) add(table_name(row), "T", true);
  for (const char* asset : {"USDC", "BTC", "ETH"})
    feeds.set(fmt::format("assets.{}.max_age_ms", asset), "600000");
  const std::string rate =
      R"({"per_second": 1000000, "burst": 1000000, "exit_per_second": 1000000,
          "exit_burst": 1000000})";
  sessions.set("sessions.ALPHA1.rate", rate);
  limits.set("accounts.alpha-1.rate", rate);
  texts["instruments.json"] = instruments.text();
  texts["feeds.json"] = feeds.text();
  texts["limits.json"] = limits.text();
  texts["sessions.json"] = sessions.text();
}

void add_groups(test::Texts& texts) {
  Document margin(texts["margin.json"]);
  for (std::uint32_t g = 0; g < kStormGroups; ++g) {
    std::string factors;
    for (std::uint32_t f = 0; f < kFactorsPerStormGroup; ++f)
      factors += fmt::format(R"({}"F{}-{}")", f == 0 ? "" : ", ", g, f);
    const std::string group = fmt::format("storm-{}", g);
    margin.add("groups", group, fmt::format(R"({{"factors": [{}], "kappa": "0.5"}})", factors));
    margin.add("sets.range.groups", group, fmt::format(R"({{"columns": {{{}}}}})", [&] {
                 std::string columns;
                 for (int c = -10; c <= 10; ++c)
                   columns += fmt::format(R"({}"{}": {{"default": "{:.3f}"}})",
                                          c == -10 ? "" : ", ", c, 0.015 * c);
                 return columns;
               }()));
  }
  margin.add("groups", kTableGroup,
             R"({"factors": ["T"], "kappa": "0.5", "table_age_max_ms": 3600000})");
  margin.add("sets.range.groups", kTableGroup,
             fmt::format(R"({{"grid": {{"range": "0.155", "points": {}}}}})", kTableColumns - 1));
  texts["margin.json"] = margin.text();
}

}  // namespace

config::Deployment storm_deployment() {
  test::Texts texts = test::read_example();
  add_instruments(texts);
  add_groups(texts);
  Document process(texts["process.json"]);
  process.set("gateway.overload_pass_us", "10000000");  // a busy machine is no overload here
  process.set("gateway.connections_max", "4");
  process.set("gateway.unauthenticated_max", "4");
  texts["process.json"] = process.text();
  config::LoadResult result = config::load_texts(texts, test::example_folder());
  require(result.problems.empty(), test::problems_text(result).c_str());
  return std::move(result.deployment);
}

// --- the connections

StormTransport::StormTransport()
    : client_(kLink, feeds::epoch_ns()),
      venue_(kLink, feeds::epoch_ns()),
      order_(venue_sim::enter_message({.quantity = 1, .tif = '3', .firm = "ALP1"})) {
  engine_.configure({});
  engine_.open_session(static_cast<std::uint64_t>(feeds::epoch_ns()), opening_);
  for (std::uint32_t i = 0; i < kStormInstruments; ++i)
    symbols_.push_back(venue_sim::padded<8>(name_of(i)));
  require(
      client_.login({.username = kSession, .password = kPassword, .session = "", .sequence = 1}),
      "no login");
}

void StormTransport::plan(std::size_t orders, std::int64_t first_ns, std::int64_t period_ns) {
  planned_ = orders;
  sent_ = 0;
  first_ns_ = first_ns;
  period_ns_ = period_ns;
  times_.clear();
  times_.reserve(orders);
}

StormTransport::Accepted StormTransport::accept() {
  if (is_accepted_) return {};
  is_accepted_ = true;
  return {.outcome = Accept::Connected, .connection = kClient};
}

std::int64_t StormTransport::now_ns() noexcept {
  if (is_outside_) return inside_ns_;
  const std::int64_t now = feeds::epoch_ns();
  if (now - last_ns_ > kStopNs) look_for_stop(now);
  last_ns_ = now;
  return now - left_out_ns_;
}

void StormTransport::look_for_stop(std::int64_t now_ns) {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const long switches = usage.ru_nivcsw + usage.ru_nvcsw;
  if (switches == switches_) return;
  switches_ = switches;
  was_stopped_ = true;
  if (is_alone_) left_out_ns_ += now_ns - last_ns_;
}

bool StormTransport::readable(std::uint32_t connection) const {
  if (connection == kVenue) return !venue_.output().empty();
  return !client_.output().empty() ||
         (sent_ < planned_ && feeds::epoch_ns() - left_out_ns_ >=
                                  first_ns_ + period_ns_ * static_cast<std::int64_t>(sent_));
}

std::ptrdiff_t StormTransport::read(std::uint32_t connection, std::span<std::byte> into) {
  const std::int64_t now = now_ns();
  std::size_t n = 0;
  const auto give = [&](auto& from) {
    from.on_time(now);
    const std::span<const std::byte> output = from.output();
    n = std::min(output.size(), into.size());
    std::memcpy(into.data(), output.data(), n);
    if (n > 0) from.sent(n);
  };
  outside([&] {
    if (connection == kVenue) return give(venue_);
    send_due(now);
    give(client_);
  });
  return static_cast<std::ptrdiff_t>(n);
}

// What the client would have sent by now.
void StormTransport::send_due(std::int64_t now_ns) {
  std::array<std::byte, ouch::kMaxMessageSize> payload;
  for (; sent_ < planned_ && now_ns >= first_ns_ + period_ns_ * static_cast<std::int64_t>(sent_);
       ++sent_) {
    ++last_number_;
    const std::uint32_t instrument = last_number_ * 7 % kStormInstruments;
    order_.user_ref_num = last_number_;
    order_.cl_ord_id = venue_sim::cl_ord_id_of(last_number_);
    order_.side = last_number_ % 2 == 0 ? ouch::Side::Buy : ouch::Side::Sell;
    order_.symbol = symbols_[instrument];
    order_.price = kStormMark;
    const std::size_t size = encode(order_, payload);
    if (!client_.send_unsequenced(std::span(payload).first(size))) {
      --last_number_;
      return;
    }
  }
}

std::ptrdiff_t StormTransport::write(std::uint32_t connection, std::span<const std::byte> from) {
  const std::int64_t now = now_ns();
  outside([&] {
    if (connection == kVenue) {
      take_venue_output(from, now);
    } else {
      take_client_output(from, now);
    }
  });
  return static_cast<std::ptrdiff_t>(from.size());
}

void StormTransport::take_client_output(std::span<const std::byte> from, std::int64_t now) {
  using Type = soup::ClientEvent::Type;
  while (!from.empty()) {
    const std::span<std::byte> input = client_.input();
    const std::size_t n = std::min(input.size(), from.size());
    std::memcpy(input.data(), from.data(), n);
    from = from.subspan(n);
    client_.received(n, now);
    for (soup::ClientEvent event = client_.next_event(); event.type != Type::None;
         event = client_.next_event()) {
      require(event.type == Type::LoginAccepted || event.type == Type::SequencedData,
              "the client's connection ended");
      require(event.type != Type::SequencedData ||
                  static_cast<char>(event.payload.front()) != ouch::Rejected::kType,
              "an order was refused");
    }
  }
}

void StormTransport::take_venue_output(std::span<const std::byte> from, std::int64_t now) {
  using Type = soup::ServerEvent::Type;
  while (!from.empty()) {
    const std::span<std::byte> input = venue_.input();
    const std::size_t n = std::min(input.size(), from.size());
    std::memcpy(input.data(), from.data(), n);
    from = from.subspan(n);
    venue_.received(n, now);
    for (soup::ServerEvent event = venue_.next_event(); event.type != Type::None;
         event = venue_.next_event()) {
      if (event.type == Type::LoginRequest) {
        accept_gate(event.login.sequence);
        continue;
      }
      require(event.type == Type::UnsequencedData, "the venue's connection ended");
      answer(event.payload, now);
    }
  }
}

// The gate asks first, from 0, how far the venue is, and then stays.
void StormTransport::accept_gate(std::uint64_t sequence) {
  const std::uint64_t end = opening_.messages.size() + 1;
  const std::uint64_t from = sequence == 0 ? end : sequence;
  require(from <= end && venue_.accept_login("VENUE00001", from), "no login at the venue");
  for (std::uint64_t s = from; s < end; ++s)
    require(venue_.send_sequenced(opening_.payload(opening_.messages[s - 1])),
            "the venue has no room");
}

void StormTransport::close(std::uint32_t connection) {
  require(connection == kVenue && times_.empty(), "a connection was closed");
  venue_.reset(now_ns());
}

// The venue's, and the end of the order's time here.
void StormTransport::answer(std::span<const std::byte> payload, std::int64_t now_ns) {
  if (static_cast<char>(payload.front()) == ouch::EnterOrder::kType && times_.size() < planned_) {
    const auto order = static_cast<std::int64_t>(times_.size());
    times_.push_back(
        {now_ns - (first_ns_ + period_ns_ * order), std::exchange(was_stopped_, false)});
  }
  outbox_.clear();
  require(engine_.apply(0, static_cast<std::uint64_t>(now_ns), payload, outbox_),
          "the gate sent the venue what is no message");
  for (const venue_sim::Outbox::Message& message : outbox_.messages)
    require(venue_.send_sequenced(outbox_.payload(message)), "the venue has no room");
}

// --- the gate

StormGate::StormGate(const config::Deployment& deployment)
    : prices(static_cast<std::uint32_t>(deployment.instruments.size()),
             static_cast<std::uint32_t>(deployment.assets.size()), 4'096, [] {}),
      tables(deployment.groups.size(), [] {}) {
  gateway::journal::Options options;
  options.directory = folder_ / "journal";
  if (std::filesystem::is_directory("/dev/shm")) options.ring_directory = "/dev/shm";
  options.segment_bytes = 33'554'432;
  options.stream_count = static_cast<std::uint32_t>(deployment.sessions.size());
  journal_ = std::make_unique<gateway::journal::Journal>(options);
  gate_ = std::make_unique<gateway::gate::Gate>(deployment, journal_.get());
  const std::int64_t now = feeds::epoch_ns();
  gate_->start("STREAM0001", now);
  const risk::AccountIndex account = deployment.names.accounts.find(kAccount);
  require(gate_->load(risk::LoadBalance{.time = {now},
                                        .units = 1'000'000'000'000'000,
                                        .account = account,
                                        .asset = deployment.names.assets.find("USDC")}),
          "no room for a balance");
  for (std::uint32_t p = 0; p < kStormPositions; ++p) {
    const std::uint32_t instrument = p * (kStormInstruments / kStormPositions);
    require(gate_->load(risk::LoadPosition{
                .time = {now},
                .lots = {p % 2 == 0 ? 20 : -20},
                .entry = {kStormMark},
                .account = account,
                .instrument = deployment.names.instruments.find(name_of(instrument))}),
            "no room for a position");
  }
  gate_->loaded(now);
  logins_ = std::make_unique<gateway::security::LoginChecker>(
      [](risk::SessionIndex, std::string_view password) { return password == kPassword; },
      deployment.gateway.unauthenticated_max, [] {}, gateway::security::LoginChecker::Mode::Manual);
  streams_ = std::make_unique<gateway::journal::StreamServer>(
      options.directory, deployment.gateway.connections_max, [] {},
      gateway::journal::StreamServer::Mode::Manual);
  shard_ = std::make_unique<gateway::shard::Shard>(
      deployment, venue_password_, *logins_, *gate_, *journal_, *streams_,
      gateway::shard::Inputs{.prices = &prices, .tables = &tables}, transport);
  shard_->begin();
  const auto offer = [&](feeds::PriceUpdate::Kind kind, std::uint32_t index, std::int64_t price) {
    prices.offer({.as_of_ns = feeds::epoch_ns(), .price = price, .index = index, .kind = kind});
  };
  for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i)
    offer(feeds::PriceUpdate::Kind::Mark, i, kStormMark);
  offer(feeds::PriceUpdate::Kind::Index, deployment.names.assets.find("USDC").value, 1'000'000);
  offer(feeds::PriceUpdate::Kind::Index, deployment.names.assets.find("BTC").value, 6'400'000);
  offer(feeds::PriceUpdate::Kind::Index, deployment.names.assets.find("ETH").value, 320'000);
  prices.flush();
  for (int turn = 0; !transport.is_logged_in() || gate_->link() != gateway::gate::LinkState::Up ||
                     gate_->counters().prices < deployment.instruments.size() + 3;
       ++turn) {
    require(turn < 1'000'000, "the gate does not come up");
    while (logins_->check_one()) continue;
    shard_->pass();
  }
}

}  // namespace portcullis::bench
