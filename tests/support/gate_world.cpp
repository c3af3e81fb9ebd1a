#include "tests/support/gate_world.h"

#include "tests/support/failing_disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <stdexcept>

#include "config/state_file.h"
#include "gateway/follower/resume.h"
#include "gateway/journal/reader.h"
#include "gateway/parameters/parameter_desk.h"
#include "gateway/parameters/parameter_log.h"

namespace portcullis::test {

namespace gate = gateway::gate;
namespace journal = gateway::journal;
namespace ouch = gateway::ouch;
namespace soup = gateway::soup;
namespace venue_sim = gateway::venue_sim;

namespace {

constexpr int kSettleMax = 1'000'000;  // a world that moves longer than that never comes to rest

template <std::size_t N>
std::string trimmed(const ouch::Text<N>& text) {
  std::string_view view(text.data(), N);
  const std::size_t end = view.find_last_not_of(' ');
  return std::string(view.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

soup::LinkSettings link_settings() {
  return {.input_size_max = 1 << 18, .output_size_max = 1 << 20};
}

// A test that names something wrong ends here.
template <class Index>
Index named(Index index, std::string_view name) {
  if (!index.exists()) throw std::logic_error("no such name: " + std::string(name));
  return index;
}

}  // namespace

config::Deployment small_deployment(const std::vector<Change>& changes) {
  Texts texts = read_example();
  const auto set = [&](const char* path, const char* value) {
    apply(texts, {Change::Kind::Set, "process.json", path, value});
  };
  set("capacities.orders", "2048");
  set("capacities.positions", "256");
  set("capacities.group_slots", "256");
  set("capacities.trades", "4096");
  set("journal.ring_bytes", "2097152");
  set("journal.segment_bytes", "4194304");
  for (const Change& change : changes) apply(texts, change);
  config::LoadResult result = config::load_texts(texts, example_folder());
  EXPECT_EQ(problems_text(result), "");
  return std::move(result.deployment);
}

std::string line_of(const ouch::InboundMessage& message) {
  std::ostringstream line;
  std::visit(
      [&](const auto& m) {
        using M = std::remove_cvref_t<decltype(m)>;
        line << M::kType;
        if constexpr (requires { m.orig_user_ref_num; }) {
          line << ' ' << m.orig_user_ref_num << '>' << m.user_ref_num;
        } else if constexpr (requires { m.user_ref_num; }) {
          line << ' ' << m.user_ref_num;
        }
        if constexpr (requires { m.side; }) line << ' ' << static_cast<char>(m.side);
        if constexpr (requires { m.quantity; }) line << ' ' << m.quantity;
        if constexpr (requires { m.firm; }) line << ' ' << trimmed(m.firm);
        if constexpr (requires { m.symbol; }) line << ' ' << trimmed(m.symbol);
        if constexpr (requires { m.price; }) line << '@' << m.price;
      },
      message);
  return line.str();
}

GateWorld::GateWorld(const std::vector<Change>& changes)
    : changes_(changes),
      deployment_(small_deployment(changes)),
      folder_(journal::testing::memory_folder()),
      next_owed_(deployment_.sessions.size(), 1),
      link_(link_settings(), 0),
      server_(link_settings(), 0) {
  open_journal();
  gate_ = std::make_unique<gate::Gate>(deployment_, journal_.get(),
                                       gateway::follower::tables_in(directory_),
                                       gateway::parameters::parameters_in(directory_));
  gate_->start("STREAM0001", now_ns);
  load_state();
  price();
  connect();
}

// --- names

risk::SessionIndex GateWorld::session(std::string_view name) const {
  return named(deployment_.names.sessions.find(name), name);
}
risk::AccountIndex GateWorld::account(std::string_view name) const {
  return named(deployment_.names.accounts.find(name), name);
}
risk::InstrumentIndex GateWorld::instrument(std::string_view name) const {
  return named(deployment_.names.instruments.find(name), name);
}

const std::filesystem::path& GateWorld::journal_folder() const {
  std::ofstream(directory_ / "configuration.json", std::ios::binary) << deployment_.canonical_text;
  return directory_;
}

// --- time, prices, state

void GateWorld::load_state() {
  const config::StateFile state = config::parse_state(
      read_file(example_folder() / "demo-state.json"), "demo-state.json", deployment_);
  EXPECT_TRUE(state.problems.empty());
  for (risk::LoadBalance load : state.balances) {
    load.time = {now_ns};
    EXPECT_TRUE(gate_->load(load));
  }
  for (risk::LoadPosition load : state.positions) {
    load.time = {now_ns};
    EXPECT_TRUE(gate_->load(load));
  }
  gate_->loaded(now_ns);
  after_call();
}

void GateWorld::price() {
  struct Named {
    const char* name;
    std::int64_t value;
  };
  for (const Named& mark : {Named{"BTC-PERP", 640'000}, Named{"ETH-PERP", 320'000},
                            Named{"AMZN", 2'200'000}, Named{"EUR/USD", 108'500}}) {
    gate_->on_mark({.time = {now_ns},
                    .as_of = {now_ns},
                    .mark = {mark.value},
                    .instrument = instrument(mark.name)});
    after_call();
  }
  for (const Named& index :
       {Named{"USDC", 1'000'000}, Named{"BTC", 6'400'000}, Named{"ETH", 320'000}}) {
    gate_->on_index({.time = {now_ns},
                     .as_of = {now_ns},
                     .index = index.value,
                     .asset = named(deployment_.names.assets.find(index.name), index.name)});
    after_call();
  }
}

void GateWorld::pass_time(std::int64_t ns) {
  now_ns += ns;
  price();
}

void GateWorld::mark(risk::InstrumentIndex instrument, risk::Mark mark) {
  gate_->on_mark({.time = {now_ns}, .as_of = {now_ns}, .mark = mark, .instrument = instrument});
  after_call();
}

void GateWorld::index(risk::AssetIndex asset, std::int64_t index) {
  gate_->on_index({.time = {now_ns}, .as_of = {now_ns}, .index = index, .asset = asset});
  after_call();
}

void GateWorld::price_state(risk::PriceKind kind, std::uint32_t target, risk::PriceState state) {
  gate_->on_price_state({.time = {now_ns}, .target = target, .kind = kind, .state = state});
  after_call();
}

void GateWorld::funding(risk::InstrumentIndex instrument, std::int64_t paid,
                        std::int64_t predicted) {
  gate_->on_funding(
      {.time = {now_ns}, .paid = paid, .predicted = predicted, .instrument = instrument});
  after_call();
}

void GateWorld::open_interest(risk::InstrumentIndex instrument, risk::Lots lots) {
  gate_->on_open_interest({.time = {now_ns}, .lots = lots, .instrument = instrument});
  after_call();
}

bool GateWorld::reload(const std::vector<Change>& changes) {
  std::vector<Change> all = changes_;
  all.insert(all.end(), changes.begin(), changes.end());
  gateway::parameters::ParameterDesk desk(deployment_, gate_->parameters(), directory_);
  auto prepared = desk.prepare_reload(small_deployment(all), "a test");
  for (const config::Problem& problem : prepared.problems) ADD_FAILURE() << to_text(problem);
  if (!prepared.parameters) return false;
  const bool is_in_force = gate_->on_parameters(*prepared.parameters, now_ns);
  after_call();
  return is_in_force;
}

gateway::parameters::ParameterAnswer GateWorld::take(gate::PublishedParameters& step) {
  const bool is_taken = gate_->on_parameters(step, now_ns);
  after_call();
  return {is_taken, journal_->published_sequence(), now_ns};
}

bool GateWorld::look_again() {
  bool looked = gate_->recheck(now_ns);
  after_call();
  looked |= gate_->recheck_due(now_ns);
  after_call();
  return looked;
}

void GateWorld::control(risk::Control control) {
  control.time = {now_ns};
  gate_->control(control);
  after_call();
  deliver();
}

gate::FactAnswer GateWorld::tell(std::uint64_t number, const config::Fact& fact,
                                 const gate::OperatorRecord* who) {
  const gate::FactAnswer answer = gate_->tell({.number = number, .fact = fact}, now_ns, who);
  after_call();
  deliver();
  return answer;
}

void GateWorld::sweep(gate::SweepScope scope, std::uint32_t target, std::uint32_t instrument) {
  gate_->sweep(scope, target, instrument, now_ns);
  after_call();
  deliver();
}

void GateWorld::session_is(risk::SessionIndex session, bool up) {
  gate_->on_session(session, up, now_ns);
  after_call();
}

void GateWorld::orders_are_dead() {
  gate_->lost_orders_are_dead(now_ns);
  after_call();
  deliver();
}

// --- clients

gate::ClientResult GateWorld::send_bytes(risk::SessionIndex session,
                                         std::span<const std::byte> payload) {
  const gate::ClientResult result = gate_->on_client_message(session, payload, false, now_ns);
  after_call();
  deliver();
  return result;
}

gate::ClientResult GateWorld::send(risk::SessionIndex session,
                                   const ouch::InboundMessage& message) {
  return send_bytes(session, venue_sim::bytes_of(message));
}

namespace {

// Where a test's order says nothing: AMZN at its mark, and no Firm.
TestOrder completed(TestOrder order) {
  const TestOrder untouched;
  if (order.symbol == untouched.symbol) order.symbol = "AMZN";
  if (order.price == untouched.price) order.price = 2'200'000;
  if (order.firm == untouched.firm) order.firm = "";
  return order;
}

}  // namespace

risk::Decision GateWorld::enter(risk::SessionIndex session, TestOrder order) {
  send(session, venue_sim::enter_message(completed(order)));
  return gate_->last_decision();
}

risk::Decision GateWorld::replace(risk::SessionIndex session, std::uint32_t original,
                                  TestOrder order) {
  send(session, venue_sim::replace_message(original, completed(order)));
  return gate_->last_decision();
}

risk::Decision GateWorld::cancel(risk::SessionIndex session, std::uint32_t number,
                                 std::uint32_t total) {
  send(session, ouch::CancelOrder{.user_ref_num = number, .quantity = total, .appendage = {}});
  return gate_->last_decision();
}

std::vector<Bytes> GateWorld::owed_bytes(risk::SessionIndex session) {
  std::vector<Bytes> messages;
  const auto index = static_cast<std::uint16_t>(session.value);
  std::uint64_t& next = next_owed_[session.value];
  std::vector<Bytes> whole;  // read only where the ring no longer serves it
  for (; next < journal_->stream_next(index); ++next) {
    std::span<const std::byte> payload;
    if (!journal_->recent(index, next, payload)) {
      if (whole.empty()) whole = stream(session);
      payload = whole.at(next - 1);
    }
    messages.emplace_back(payload.begin(), payload.end());
  }
  return messages;
}

std::vector<ouch::OutboundMessage> GateWorld::owed_messages(risk::SessionIndex session) {
  std::vector<ouch::OutboundMessage> messages;
  for (const Bytes& payload : owed_bytes(session)) {
    EXPECT_EQ(ouch::decode(payload, messages.emplace_back()), ouch::DecodeError::None);
  }
  return messages;
}

Lines GateWorld::owed(risk::SessionIndex session) {
  Lines lines;
  for (const ouch::OutboundMessage& message : owed_messages(session)) {
    lines.push_back(line_of(message));
  }
  return lines;
}

void GateWorld::for_each_record(std::uint64_t after,
                                const std::function<void(const journal::RecordView&)>& f) const {
  journal::Reader reader(directory_, {.from_sequence = after + 1, .include_ring = true});
  journal::RecordView record;
  journal::ReadStatus status{};
  while ((status = reader.next(record)) == journal::ReadStatus::Record) f(record);
  EXPECT_EQ(status, journal::ReadStatus::End) << reader.error();
}

std::vector<std::vector<Bytes>> GateWorld::streams() const {
  std::vector<std::vector<Bytes>> streams(deployment_.sessions.size());
  for_each_record(0, [&](const journal::RecordView& record) {
    record.for_each_outbound([&](const journal::OutboundView& outbound) {
      std::vector<Bytes>& stream = streams.at(outbound.stream);
      EXPECT_EQ(outbound.stream_sequence, stream.size() + 1);
      stream.emplace_back(outbound.payload.begin(), outbound.payload.end());
    });
  });
  return streams;
}

std::vector<Bytes> GateWorld::stream(risk::SessionIndex session) const {
  return streams().at(session.value);
}

// --- the venue

bool GateWorld::connect() {
  link_.reset(now_ns);
  server_.reset(now_ns);
  connected_ = true;
  ++connections_;
  if (!gate_->is_venue_known()) gate_->set_venue_head(venue_stream_.size() + 1);  // as Shard does
  EXPECT_TRUE(link_.login({.username = "GATE01",
                           .password = "secret",
                           .session = gate_->venue_session(),
                           .sequence = gate_->venue_next_sequence()}));
  deliver();
  return connected_;
}

void GateWorld::disconnect() {
  if (!connected_) return;
  connected_ = false;
  gate_->on_venue_down(now_ns);
  after_call();
}

void GateWorld::append_to_stream(Bytes payload) {
  venue_stream_.push_back(std::move(payload));
  if (connected_ && server_.is_active()) {
    EXPECT_TRUE(server_.send_sequenced(venue_stream_.back()));
  }
}

void GateWorld::say_bytes(Bytes payload) {
  append_to_stream(std::move(payload));
  deliver();
}

namespace {

Bytes encoded(const ouch::OutboundMessage& message) {
  std::array<std::byte, ouch::kMaxMessageSize> buffer;
  const std::size_t size = ouch::encode(message, buffer);
  return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace

void GateWorld::say(const ouch::OutboundMessage& message) { say_bytes(encoded(message)); }

std::vector<ouch::InboundMessage> GateWorld::messages_at_venue() {
  const auto first = received_.begin() + static_cast<std::ptrdiff_t>(received_taken_);
  received_taken_ = received_.size();
  return {first, received_.end()};
}

Lines GateWorld::at_venue() {
  Lines lines;
  for (const ouch::InboundMessage& message : messages_at_venue()) lines.push_back(line_of(message));
  return lines;
}

void GateWorld::use_engine(const venue_sim::EngineSettings& settings) {
  engine_ = std::make_unique<venue_sim::MatchingEngine>();
  engine_->configure(settings);
  venue_sim::Outbox ignored;
  engine_->open_session(static_cast<std::uint64_t>(now_ns), ignored);  // the gate's
  engine_->open_session(static_cast<std::uint64_t>(now_ns), ignored);  // everybody else's
}

void GateWorld::replace_venue(std::string_view session) {
  disconnect();
  venue_session_ = session;
  venue_stream_.clear();
  venue_number_ = 0;
  if (engine_ != nullptr) use_engine(venue_sim::EngineSettings(engine_->settings()));
}

void GateWorld::venue_applies(venue_sim::SessionIndex session, std::span<const std::byte> payload) {
  venue_sim::Outbox out;
  EXPECT_TRUE(engine_->apply(session, static_cast<std::uint64_t>(now_ns), payload, out));
  for (const venue_sim::Outbox::Message& message : out.messages) {
    const std::span<const std::byte> bytes = out.payload(message);
    if (message.session == 0) append_to_stream({bytes.begin(), bytes.end()});
  }
}

void GateWorld::other_enters(const TestOrder& order) {
  venue_applies(1, venue_sim::bytes_of(venue_sim::enter_message(order)));
  deliver();
}

void GateWorld::other_cancels(std::uint32_t number) {
  venue_applies(1, venue_sim::bytes_of(ouch::CancelOrder{.user_ref_num = number, .appendage = {}}));
  deliver();
}

void GateWorld::venue_receives(std::span<const std::byte> payload) {
  ouch::InboundMessage message;
  ASSERT_EQ(ouch::decode(payload, message), ouch::DecodeError::None);
  received_.push_back(message);
  if (engine_ != nullptr) return venue_applies(0, payload);
  std::visit(
      [&](const auto& m) {
        if constexpr (requires { m.user_ref_num; }) {
          venue_number_ = std::max(venue_number_, m.user_ref_num);
        }
      },
      message);
  if (!script_answers) return;
  if (std::holds_alternative<ouch::AccountQuery>(message)) {
    append_to_stream(
        encoded(ouch::QueryResponse{.next_user_ref_num = venue_number_ + 1, .appendage = {}}));
  } else if (const auto* mass_cancel = std::get_if<ouch::MassCancel>(&message)) {
    append_to_stream(encoded(ouch::MassCancelResponse{.user_ref_num = mass_cancel->user_ref_num,
                                                      .firm = mass_cancel->firm,
                                                      .symbol = mass_cancel->symbol,
                                                      .appendage = {}}));
  }
}

// A new login: what the old connection left unread went with it.
bool GateWorld::venue_takes() {
  bool moved = false;
  while (connected_ && !hold_to_venue && !link_.output().empty()) {
    const std::span<const std::byte> output = link_.output();
    const std::span<std::byte> input = server_.input();
    const std::size_t n = std::min(output.size(), input.size());
    std::copy_n(output.begin(), n, input.begin());
    server_.received(n, now_ns);
    link_.sent(n);
    moved = true;
    using Type = soup::ServerEvent::Type;
    for (soup::ServerEvent event = server_.next_event(); event.type != Type::None;
         event = server_.next_event()) {
      if (event.type == Type::UnsequencedData) {
        venue_receives(event.payload);
        continue;
      }
      if (event.type != Type::LoginRequest) {
        ADD_FAILURE() << "the gate broke the session layer";
        break;
      }
      const std::uint64_t next = event.login.sequence;
      if ((!event.login.session.empty() && event.login.session != venue_session_) ||
          next > venue_stream_.size() + 1) {
        EXPECT_TRUE(server_.reject_login(soup::LoginRejectReason::SessionNotAvailable));
        continue;
      }
      EXPECT_TRUE(server_.accept_login(venue_session_, next));
      for (std::uint64_t s = next; s <= venue_stream_.size(); ++s) {
        EXPECT_TRUE(server_.send_sequenced(venue_stream_[s - 1]));
      }
    }
  }
  return moved;
}

// As Shard::serve_venue does.
void GateWorld::take_venue_event(const soup::ClientEvent& event) {
  using Type = soup::ClientEvent::Type;
  bool keep = true;
  switch (event.type) {
    case Type::LoginAccepted:
      gate_->set_venue(&link_);
      keep = gate_->on_venue_login(event.session, event.sequence, now_ns);
      break;
    case Type::LoginRejected:
      if (!gate_->venue_session().empty()) (void)gate_->on_venue_login({}, 0, now_ns);
      keep = false;
      break;
    case Type::SequencedData:
      keep = gate_->on_venue_message(event.sequence, event.payload, now_ns);
      break;
    case Type::None:
    case Type::Debug:
      break;
    case Type::EndOfSession:
    case Type::Error:
      keep = false;
      break;
  }
  if (!keep) disconnect();
  after_call();
}

bool GateWorld::gate_takes() {
  bool moved = false;
  while (connected_ && !hold_from_venue && !gate_->has_message_waiting()) {
    const soup::ClientEvent event = link_.next_event();
    if (event.type != soup::ClientEvent::Type::None) {
      moved = true;
      take_venue_event(event);
      continue;
    }
    const std::span<const std::byte> output = server_.output();
    const std::span<std::byte> input = link_.input();
    const std::size_t n = std::min(output.size(), input.size());
    if (n == 0) break;
    std::copy_n(output.begin(), n, input.begin());
    link_.received(n, now_ns);
    server_.sent(n);
  }
  return moved;
}

void GateWorld::deliver() {
  for (int turn = 0; turn < kSettleMax; ++turn) {
    bool moved = venue_takes();
    moved |= gate_takes();
    if (!hold_steps) {
      const std::uint64_t before = journal_->published_sequence();
      gate_->run(now_ns);
      moved |= journal_->published_sequence() != before || !gate_->is_idle();
      moved |= gate_->has_message_waiting() && journal_->room() != journal::Room::None;
      after_call();
    }
    moved |= connected_ && !hold_to_venue && !link_.output().empty();
    if (!moved) return;
  }
  FAIL() << "the world does not come to rest";
}

// --- kill and replay

void GateWorld::open_journal() {
  directory_ = folder_ / ("journal" + std::to_string(journals_));
  journal::Options options;
  options.directory = directory_;
  options.ring_bytes = static_cast<std::uint64_t>(deployment_.journal.ring_bytes);
  options.segment_bytes = static_cast<std::uint64_t>(deployment_.journal.segment_bytes);
  options.stream_count = static_cast<std::uint32_t>(deployment_.sessions.size());
  options.manual_flush = true;
  if (deployment_.journal.durability == config::Durability::Fsync)
    options.durability = journal::Durability::Fsync;
  options.file_ops = &kFailingDiskOps;
  journal_ = std::make_unique<journal::Journal>(options);
}

std::vector<std::uint64_t> kept_of(gate::Gate& gate) {
  const gate::Counters& c = gate.counters();
  std::vector<std::uint64_t> values{gate.engine().state_hash(),
                                    gate.engine().next_number(),
                                    gate.engine().live_orders(),
                                    gate.venue_next_sequence(),
                                    c.forwarded,
                                    c.rejected,
                                    c.answered,
                                    c.accepted,
                                    c.replaced,
                                    c.executed,
                                    c.canceled,
                                    c.price_state_changes,
                                    c.fundings,
                                    c.open_interests,
                                    c.facts,
                                    c.facts_refused,
                                    c.self_match_prevented,
                                    c.venue_rejected,
                                    c.broken,
                                    c.voided,
                                    c.adopted,
                                    c.unattributed,
                                    c.malformed_by_venue,
                                    c.off_grid};
  values.insert(values.end(), c.rejects.begin(), c.rejects.end());
  values.insert(values.end(), c.anomalies.begin(), c.anomalies.end());
  return values;
}

void GateWorld::kill(std::optional<std::uint64_t> through) {
  connected_ = false;
  ++starts_;
  const std::vector<std::uint64_t> before = kept_of(*gate_);
  gate_.reset();
  follower_.reset();
  audit_.reset();
  const std::uint64_t last = journal_->published_sequence();
  journal_.reset();  // without close(): what kill -9 leaves
  if (!through || *through >= last) {
    open_journal();
    redo();
    EXPECT_EQ(kept_of(*gate_), before);
  } else {
    const std::filesystem::path old = directory_;
    ++journals_;
    open_journal();
    if (std::filesystem::exists(old / "parameters"))
      std::filesystem::copy(old / "parameters", directory_ / "parameters");
    journal::Reader reader(old, {.include_ring = true});
    journal::RecordView record;
    while (journal_->published_sequence() < *through &&
           reader.next(record) == journal::ReadStatus::Record) {
      journal_->begin(record.type, record.time_ns, record.command);
      record.for_each_outbound([&](const journal::OutboundView& outbound) {
        journal_->add_outbound(outbound.stream, outbound.payload);
      });
      journal_->publish();
      if (journal_->degraded()) journal_->flush();
    }
    EXPECT_EQ(journal_->published_sequence(), *through);
    redo();
  }
  start_up();
}

void GateWorld::begin_following(const gate::Gate* gate, gateway::follower::Position position) {
  follower_ = std::make_unique<gateway::follower::Follower>(
      deployment_, *journal_,
      gateway::follower::FollowerOptions{
          .directory = directory_,
          .durable_only = journal_->durability() == journal::Durability::Fsync,
          .audit = audit_.get()},
      gate, std::move(position));
}

void GateWorld::follow(int calls_per_snapshot) {
  follows_ = true;
  calls_per_snapshot_ = calls_per_snapshot;
  audit_ = std::make_unique<gateway::audit::AuditLog>(deployment_, directory_, 0, kFailingDiskOps);
  begin_following(nullptr, {});
  after_call();
}

void GateWorld::redo() {
  if (follows_) {
    audit_ = std::make_unique<gateway::audit::AuditLog>(
        deployment_, directory_, journal_->published_sequence(), kFailingDiskOps);
    auto resumed = gateway::follower::resume(deployment_, journal_.get(),
                                             {.directory = directory_,
                                              .last_sequence = journal_->published_sequence(),
                                              .include_ring = true,
                                              .audit = audit_.get(),
                                              .remove_foreign = true});
    gate_ = std::move(resumed.gate);
    told_ = resumed.told;
    from_snapshot_ = resumed.snapshot;
    begin_following(gate_.get(), resumed.position);
    gate_->set_follower_differs(&follower_->differs());
    EXPECT_EQ(gate_->differs_at() != 0, recovers_difference);
    return;
  }
  gate_ = std::make_unique<gate::Gate>(deployment_, journal_.get(),
                                       gateway::follower::tables_in(directory_),
                                       gateway::parameters::parameters_in(directory_));
  for_each_record(0, [&](const journal::RecordView& record) {
    EXPECT_TRUE(gate_->redo(record)) << record.sequence;
  });
  EXPECT_EQ(gate_->differs_at(), 0u);
}

// As the run command and Shard::run do.
void GateWorld::start_up() {
  for (std::uint32_t s = 0; s < deployment_.sessions.size(); ++s) {
    if (gate_->is_session_up({s})) gate_->on_session({s}, false, now_ns);
  }
  gate_->on_venue_down(now_ns);
  after_call();
}

void GateWorld::after_call() {
  const bool syncs = journal_->durability() == journal::Durability::Fsync;
  if (!hold_journal && (syncs || journal_->occupancy_bytes() > journal_->capacity_bytes() / 4)) {
    journal_->flush();
  }
  if (follower_ != nullptr) {
    while (follower_->step(64) > 0) {
    }
    EXPECT_EQ(follower_->differs().load(), follows_difference);
    if (calls_per_snapshot_ > 0 && ++calls_ % calls_per_snapshot_ == 0) follower_->write_snapshot();
  }
  if (on_call) on_call();
  if (!cut || cutting_ || journal_->published_sequence() < cut->record) return;
  const Cut now = *cut;
  cut.reset();
  cutting_ = true;  // until it is done, the venue's reading makes no record
  if (now.venue_reads) venue_takes();
  cutting_ = false;
  if (now.kill) {
    // The venue can have read only what the journal has kept.
    kill(now.venue_reads ? std::nullopt : std::optional(now.record));
  } else {
    disconnect();
  }
  connect();
}

std::string GateWorld::replay() {
  std::string differences;
  gate::Gate again(deployment_, nullptr, gateway::follower::tables_in(directory_),
                   gateway::parameters::parameters_in(directory_));
  for_each_record(0, [&](const journal::RecordView& record) {
    const std::string difference = again.replay(record);
    if (difference.empty()) return;
    differences += "record " + std::to_string(record.sequence) + " of type " +
                   std::to_string(record.type) + ": " + difference + "\n";
  });
  if (again.engine().state_hash() != engine().state_hash()) differences += "another state\n";
  if (const char* what = again.engine().verify()) {
    differences +=
        std::string("replayed, the incremental state is not the recomputed one: ") + what + "\n";
  }
  return differences;
}

std::string GateWorld::check() {
  std::string differences = replay();
  if (const char* what = engine().verify()) {
    differences += std::string("the incremental state is not the recomputed one: ") + what + "\n";
  }
  return differences;
}

// --- looking at it

bool GateWorld::is_drained() const {
  return connected_ && gate_->link() == gate::LinkState::Up && gate_->is_idle() && !hold_to_venue &&
         !hold_from_venue;
}

std::int64_t GateWorld::position(std::string_view account_name, std::string_view instrument_name) {
  return engine().position(account(account_name), instrument(instrument_name)).raw;
}

bool GateWorld::is_close_only(std::string_view account_name) {
  risk::NewOrder order;
  order.time = {now_ns};
  order.account = account(account_name);
  order.instrument = instrument("AMZN");
  for (std::uint32_t s = 0; s < deployment_.sessions.size(); ++s) {
    const auto& accounts = deployment_.parameters.sessions[s].accounts;
    if (std::binary_search(accounts.begin(), accounts.end(), order.account)) order.session = {s};
  }
  order.client_ref = std::numeric_limits<std::uint32_t>::max();
  order.quantity = {1};
  order.price = {22'000};
  order.side = engine().position(order.account, order.instrument).raw < 0 ? risk::Side::Sell
                                                                          : risk::Side::Buy;
  engine().refresh(order.account);
  return engine().decide(order).reason == risk::RejectReason::CloseOnly;
}

}  // namespace portcullis::test
