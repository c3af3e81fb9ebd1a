// The order path's promise: from the bytes of a message to the bytes of its answer it takes no memory,
// locks no mutex and reads the clock at most once. Counted over 100,000 messages of clients, and a
// million orders in ./run slow, with what the venue answers and with prices: in the gate alone, in the
// shard with connections in memory, where every look at the clock is accounted for, and in the shard's
// loop over sockets, with the venue over either of its links.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <span>
#include <thread>
#include <utility>

#include "gateway/gate/gate.h"
#include "gateway/shard/loop.h"
#include "tests/support/counted_calls.h"
#include "tests/support/example_config.h"
#include "tests/support/gate_fixture.h"
#include "tests/support/journal_support.h"
#include "tests/support/order_flow.h"
#include "tests/support/random_world.h"
#include "tests/support/venue_end.h"

namespace portcullis::gateway::order_path_test {
namespace {

using journal::testing::TemporaryFolder;
using test::Counting;
using test::t_calls;

constexpr int kWindow = 40;  // messages of each trader on their way at once
constexpr std::uint64_t kWarmUp = 50 * kWindow;
// Whole windows of both.
const std::uint64_t kMessages =
    static_cast<std::uint64_t>(support::test_scale(100'000)) / (2 * kWindow) * (2 * kWindow);

constexpr std::uint64_t kPrice = 2'000'000;  // 200.00 on the wire, and in mark units
constexpr std::uint64_t kTick = 100;

std::filesystem::path venue_socket(const std::filesystem::path& folder) {
  return folder / "venue.sock";
}

// The venue is at that port, or at venue_socket() where there is none.
config::Deployment deployment(const std::filesystem::path& folder, std::uint16_t venue_port,
                              const std::filesystem::path& venue_folder) {
  test::Texts texts = test::read_example();
  const auto set = [&](const char* file, const std::string& path, const std::string& value) {
    test::apply(texts, {.file = file, .path = path, .value = value});
  };
  const std::string rate =
      R"({"per_second":1000000,"burst":100000,"exit_per_second":2000000,"exit_burst":400000})";
  for (const char* session : {"ALPHA2", "BRAVO2"}) {
    set("sessions.json", std::string("sessions.") + session + ".rate", rate);
    set("sessions.json", std::string("sessions.") + session + ".reject_arithmetic_debug", "true");
  }
  for (const char* account : {"alpha-hedge", "bravo-house"}) {
    set("limits.json", std::string("accounts.") + account + ".rate", rate);
    set("limits.json", std::string("accounts.") + account + ".executions.burst", "10000000");
  }
  // Or a million orders would spend all the money on fees.
  set("instruments.json", "instruments.AMZN.maker_fee_ppm", "-1");
  set("instruments.json", "instruments.AMZN.taker_fee_ppm", "1");
  set("process.json", "gateway.port", "0");
  set("process.json", "gateway.overload_pass_us", "10000000");
  set("process.json", "gateway.silence_timeout_ms", "60000");
  if (venue_port != 0) {
    set("process.json", "venue.port", std::to_string(venue_port));
  } else {
    using Kind = test::Change::Kind;
    test::apply(texts, {Kind::Remove, "process.json", "venue.address", ""});
    test::apply(texts, {Kind::Remove, "process.json", "venue.port", ""});
    test::apply(texts, {Kind::Add, "process.json", "venue.shared_memory",
                        R"({"path": ")" + venue_socket(venue_folder).string() +
                            R"(", "ring_bytes": 65536})"});
  }
  set("process.json", "venue.silence_timeout_ms", "60000");
  const config::LoadResult result = config::load_texts(texts, folder);
  EXPECT_EQ(test::problems_text(result), "");
  return result.deployment;
}

// Everything there is of a gate but its loop, with money for the two traders: ample for one, too
// little for the largest orders of the other.
struct Rig {
  explicit Rig(std::uint16_t venue_port = 1, const std::filesystem::path& venue_folder = {})
      : configuration(deployment(folder.path(), venue_port, venue_folder)),
        journal([&] {
          journal::Options options;
          options.directory = folder / "journal";
          options.ring_bytes = 16'777'216;
          options.segment_bytes = 16'777'216;
          options.stream_count = static_cast<std::uint32_t>(configuration.sessions.size());
          std::filesystem::create_directories(options.directory);
          return options;
        }()),
        gate(configuration, &journal),
        amzn(configuration.names.instruments.find("AMZN")),
        usdc(configuration.names.assets.find("USDC")) {}

  void begin(std::int64_t now_ns) {
    gate.start("STREAM0001", now_ns);
    const auto fund = [&](const char* account, std::int64_t dollars) {
      (void)gate.load(risk::LoadBalance{.time = {now_ns},
                                        .units = dollars * 1'000'000,
                                        .account = configuration.names.accounts.find(account),
                                        .asset = usdc});
    };
    fund("alpha-hedge", 5'000'000);
    fund("bravo-house", 30'000);
  }

  TemporaryFolder folder;
  config::Deployment configuration;
  journal::Journal journal;
  gate::Gate gate;
  risk::InstrumentIndex amzn;
  risk::AssetIndex usdc;
};

struct Traders {
  test::FlowTrader alpha{"AMZN", kPrice, kTick, true, 3, 9'999};   // above its clip
  test::FlowTrader bravo{"AMZN", kPrice, kTick, false, 4, 1'000};  // above its margin
};

// An order of the edge, its replacement and the cancel of that.
std::uint32_t push_three(const Rig& rig, edge::CommandQueue& orders, std::uint32_t number) {
  edge::EdgeCommand command;
  command.session = rig.configuration.names.sessions.find("CHARL2");
  command.enter.session = command.session;
  command.enter.account = rig.configuration.names.accounts.find("charlie-3");
  command.enter.instrument = rig.amzn;
  command.enter.quantity = {1};
  command.enter.price = {static_cast<std::int64_t>(kPrice / kTick)};
  command.enter.client_ref = number;
  command.name[0] = 'n';
  EXPECT_TRUE(orders.push(command));
  command.type = edge::EdgeCommand::Type::Replace;
  command.replace.session = command.session;
  command.replace.original_ref = number;
  command.replace.client_ref = number + 1;
  command.replace.total = {2};
  command.replace.price = command.enter.price;
  EXPECT_TRUE(orders.push(command));
  command.type = edge::EdgeCommand::Type::Cancel;
  command.cancel.session = command.session;
  command.cancel.client_ref = number;
  EXPECT_TRUE(orders.push(command));
  return number + 2;
}

// The run was one in which everything happened that is to be counted.
void expect_everything_happened(const gate::Gate& gate, const Traders& traders,
                                std::uint64_t others = 0) {
  const gate::Counters& counters = gate.counters();
  EXPECT_FALSE(traders.alpha.failed);
  EXPECT_FALSE(traders.bravo.failed);
  EXPECT_EQ(counters.in, kWarmUp + kMessages + traders.alpha.pings + traders.bravo.pings + others);
  EXPECT_EQ(counters.malformed, 0U);
  EXPECT_GT(counters.accepted, kMessages / 3);
  EXPECT_GT(counters.executed, kMessages / 10);
  EXPECT_GT(counters.replaced, kMessages / 10);
  EXPECT_GT(counters.canceled, kMessages / 10);
  EXPECT_GT(counters.ignored, kMessages / 1'000);
  EXPECT_GT(counters.answered, kMessages / 10'000);  // mass cancels
  EXPECT_GT(counters.rejects[static_cast<std::size_t>(risk::RejectReason::ClipSize)],
            kMessages / 1'000);
  EXPECT_GT(counters.rejects[static_cast<std::size_t>(risk::RejectReason::Margin)],
            kMessages / 1'000);
  EXPECT_GT(counters.prices, kMessages / 200);
}

TEST(OrderPath, TheCountersCount) {
  if (!test::kCallsAreCounted) GTEST_SKIP() << "a sanitizer replaces these functions itself";
  t_calls = {};
  {
    const Counting counting;
    ::operator delete(::operator new(1));
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    EXPECT_GT(std::chrono::system_clock::now().time_since_epoch().count(), 0);
    {
      const Counting off(false);
      ::operator delete(::operator new(1));
    }
  }
  ::operator delete(::operator new(1));
  EXPECT_EQ(t_calls.allocations, 1U);
  EXPECT_EQ(t_calls.locks, 1U);
  EXPECT_EQ(t_calls.clock_reads, 1U);
}

// --- in memory

// What a shard does for one client, without a socket.
void serve(gate::Gate& gate, journal::Journal& journal, risk::SessionIndex session,
           soup::ServerConnection& client, std::uint64_t& next, std::int64_t now_ns) {
  using Type = soup::ServerEvent::Type;
  for (;;) {
    const soup::ServerEvent event = client.next_event();
    if (event.type == Type::None) break;
    if (event.type == Type::LoginRequest) {
      next = 1;
      gate.on_session(session, true, now_ns);
      (void)client.accept_login(gate.stream_session(), next);
    } else if (event.type == Type::UnsequencedData) {
      (void)gate.on_client_message(session, event.payload, false, now_ns);
    }
  }
  gate.run(now_ns);
  std::span<const std::byte> payload;
  const auto stream = static_cast<std::uint16_t>(session.value);
  while (next < journal.stream_next(stream) && journal.recent(stream, next, payload) &&
         client.send_sequenced(payload)) {
    ++next;
  }
}

void serve_venue(gate::Gate& gate, soup::ClientConnection& link, std::int64_t now_ns) {
  using Type = soup::ClientEvent::Type;
  for (;;) {
    const soup::ClientEvent event = link.next_event();
    if (event.type == Type::None) break;
    if (event.type == Type::LoginAccepted) {
      gate.set_venue(&link);
      EXPECT_TRUE(gate.on_venue_login(event.session, event.sequence, now_ns));
    } else if (event.type == Type::SequencedData) {
      EXPECT_TRUE(gate.on_venue_message(event.sequence, event.payload, now_ns));
    }
  }
  gate.run(now_ns);
}

TEST(OrderPath, InMemoryTakesNoMemoryNoMutexAndNoClock) {
  Rig rig;
  std::int64_t now_ns = 1'767'600'000'000'000'000;
  rig.begin(now_ns);
  Traders traders;
  test::FlowVenue venue("AMZN");
  soup::ServerConnection alpha(test::kFlowSettings, now_ns);
  soup::ServerConnection bravo(test::kFlowSettings, now_ns);
  soup::ClientConnection link(test::kFlowSettings, now_ns);
  std::uint64_t alpha_next = 1;
  std::uint64_t bravo_next = 1;
  const risk::SessionIndex alpha_session = rig.configuration.names.sessions.find("ALPHA2");
  const risk::SessionIndex bravo_session = rig.configuration.names.sessions.find("BRAVO2");
  ASSERT_TRUE(traders.alpha.soup.login({"ALPHA2", "", "", 1}));
  ASSERT_TRUE(traders.bravo.soup.login({"BRAVO2", "", "", 1}));
  ASSERT_TRUE(link.login({"GATE01", "", "", 1}));

  // One round: what the traders and the venue have sent, and a price, go through the gate.
  const auto round = [&](bool count, std::int64_t mark) {
    {
      const Counting counting(count);
      test::carry(traders.alpha.soup, alpha, now_ns);
      test::carry(traders.bravo.soup, bravo, now_ns);
      serve(rig.gate, rig.journal, alpha_session, alpha, alpha_next, now_ns);
      serve(rig.gate, rig.journal, bravo_session, bravo, bravo_next, now_ns);
      rig.gate.on_index(
          {.time = {now_ns}, .as_of = {now_ns}, .index = 1'000'000, .asset = rig.usdc});
      rig.gate.on_mark(
          {.time = {now_ns}, .as_of = {now_ns}, .mark = {mark}, .instrument = rig.amzn});
      test::carry(link, venue.soup, now_ns);
    }
    venue.take(static_cast<std::uint64_t>(now_ns));
    {
      const Counting counting(count);
      test::carry(venue.soup, link, now_ns);
      serve_venue(rig.gate, link, now_ns);
      serve(rig.gate, rig.journal, alpha_session, alpha, alpha_next, now_ns);
      serve(rig.gate, rig.journal, bravo_session, bravo, bravo_next, now_ns);
      test::carry(alpha, traders.alpha.soup, now_ns);
      test::carry(bravo, traders.bravo.soup, now_ns);
    }
    traders.alpha.take();
    traders.bravo.take();
    now_ns += 4'000'000;
  };
  for (int i = 0; i < 20; ++i) round(false, kPrice);
  ASSERT_EQ(rig.gate.link(), gate::LinkState::Up);

  t_calls = {};
  for (std::uint64_t n = 0; n < kWarmUp + kMessages;) {
    const bool count = n >= kWarmUp;
    for (int i = 0; i < kWindow; ++i, n += 2) {
      traders.alpha.send();
      traders.bravo.send();
    }
    round(count, static_cast<std::int64_t>(kPrice + n % 7));
    while (!rig.gate.is_idle() || rig.journal.room() != journal::Room::All) {
      // A round has records of its own: where the flusher gets no turn they would fill the journal.
      while (rig.journal.room() != journal::Room::All) std::this_thread::yield();
      round(count, kPrice);
    }
  }
  round(true, kPrice);
  const test::Calls calls = t_calls;
  expect_everything_happened(rig.gate, traders);
  EXPECT_FALSE(venue.failed);
  EXPECT_EQ(rig.gate.engine().verify(), nullptr);
  if (!test::kCallsAreCounted) GTEST_SKIP() << "run, but not counted under a sanitizer";
  EXPECT_EQ(calls.allocations, 0U);
  EXPECT_EQ(calls.locks, 0U);
  EXPECT_EQ(calls.clock_reads, 0U);
}

// --- the shard, in memory

// Connections that hold nothing: what one end has to say goes into the other's buffer as it is read.
// Nothing is counted in here, but how often the shard asks, and for what.
class FlowTransport final : public shard::Transport {
 public:
  FlowTransport(Traders& traders, std::int64_t now_ns) : clock_ns(now_ns), traders_(traders) {}

  std::int64_t now_ns() noexcept override {
    ++clock_reads;
    return ++clock_ns;
  }
  bool poll() override {
    ++passes;
    return false;
  }
  Accepted accept() override {
    if (accepted_ == 2) return {};
    return {.outcome = Accept::Connected, .connection = ++accepted_};
  }
  void stop_accepting() override {}
  bool connect_venue() override {
    const Counting off(false);
    venue = std::make_unique<test::FlowVenue>("AMZN");
    return true;
  }
  Connect venue_outcome() override { return Connect::Connected; }
  void give_up_venue() override {}
  bool readable(std::uint32_t) const override { return true; }
  std::ptrdiff_t read(std::uint32_t connection, std::span<std::byte> into) override {
    const Counting off(false);
    const std::size_t n = connection == kVenue ? move(venue->soup, into)
                          : connection == 1    ? move(traders_.alpha.soup, into)
                                               : move(traders_.bravo.soup, into);
    if (n > 0) ++reads;
    return static_cast<std::ptrdiff_t>(n);
  }
  std::ptrdiff_t write(std::uint32_t connection, std::span<const std::byte> from) override {
    const Counting off(false);
    ++writes;
    return connection == kVenue ? move(from, venue->soup)
           : connection == 1    ? move(from, traders_.alpha.soup)
                                : move(from, traders_.bravo.soup);
  }
  void close(std::uint32_t connection) override { EXPECT_EQ(connection, kVenue); }

  std::int64_t clock_ns = 0;
  std::uint64_t clock_reads = 0;
  std::uint64_t passes = 0;
  std::uint64_t reads = 0;  // that got something
  std::uint64_t writes = 0;
  std::unique_ptr<test::FlowVenue> venue;  // of the newest connection

 private:
  template <class Connection>
  static std::size_t move(Connection& from, std::span<std::byte> into) {
    const auto output = from.output();
    const std::size_t n = std::min(output.size(), into.size());
    std::copy_n(output.begin(), n, into.begin());
    from.sent(n);
    return n;
  }
  template <class Connection>
  std::ptrdiff_t move(std::span<const std::byte> from, Connection& to) {
    const auto input = to.input();
    const std::size_t n = std::min(from.size(), input.size());
    std::copy_n(from.begin(), n, input.begin());
    to.received(n, clock_ns);
    return static_cast<std::ptrdiff_t>(n);
  }

  Traders& traders_;
  std::uint32_t accepted_ = 0;
};

TEST(OrderPath, TheShardInMemoryLooksAtTheClockOnceAMessageOnceAReadAndOnceAPass) {
  Rig rig;
  Traders traders;
  FlowTransport transport(traders, 1'767'600'000'000'000'000);
  rig.begin(transport.clock_ns);
  const config::Secret venue_password("venue");
  security::LoginChecker logins(
      [](risk::SessionIndex session, std::string_view) { return session.exists(); }, 16, [] {},
      security::LoginChecker::Mode::Manual);
  journal::StreamServer streams(
      rig.folder / "journal", rig.configuration.gateway.connections_max, [] {},
      journal::StreamServer::Mode::Manual);
  feeds::FeedQueue prices(static_cast<std::uint32_t>(rig.configuration.instruments.size()),
                          static_cast<std::uint32_t>(rig.configuration.assets.size()), 1024, {});
  edge::CommandQueue orders(64, {});
  shard::Shard shard(rig.configuration, venue_password, logins, rig.gate, rig.journal, streams,
                     {.prices = &prices, .orders = &orders}, transport);
  shard.begin();

  // One pass, with prices and with what everybody else does until the next.
  const auto pass = [&](bool count, std::uint64_t n) {
    const std::int64_t now_ns = transport.clock_ns;
    prices.offer({.as_of_ns = now_ns,
                  .price = 1'000'000,
                  .index = rig.usdc.value,
                  .kind = feeds::PriceUpdate::Kind::Index});
    prices.offer({.as_of_ns = now_ns,
                  .price = static_cast<std::int64_t>(kPrice + n % 7),
                  .index = rig.amzn.value,
                  .kind = feeds::PriceUpdate::Kind::Mark});
    prices.flush();
    {
      const Counting counting(count);
      shard.pass();
    }
    if (transport.venue) transport.venue->take(static_cast<std::uint64_t>(now_ns));
    traders.alpha.take();
    traders.bravo.take();
    while (logins.check_one()) continue;
    while (rig.journal.room() != journal::Room::All) std::this_thread::yield();
    transport.clock_ns += 200'000;
  };
  ASSERT_TRUE(traders.alpha.soup.login({"ALPHA2", "secret", "", 1}));
  ASSERT_TRUE(traders.bravo.soup.login({"BRAVO2", "secret", "", 1}));
  for (int n = 0; n < 2'000 && rig.gate.link() != gate::LinkState::Up; ++n) pass(false, 0);
  ASSERT_EQ(rig.gate.link(), gate::LinkState::Up);
  ASSERT_TRUE(traders.alpha.logged_in && traders.bravo.logged_in);

  struct Seen {
    std::uint64_t clock_reads = 0;
    std::uint64_t passes = 0;
    std::uint64_t reads = 0;
    std::uint64_t client_messages = 0;
    std::uint64_t venue_messages = 0;
    std::uint64_t edge_commands = 0;
    std::uint64_t edge_batches = 0;
  };
  std::uint32_t number = 1;  // of the edge
  std::uint64_t windows = 0;
  const auto seen = [&] {
    return Seen{.clock_reads = transport.clock_reads,
                .passes = transport.passes,
                .reads = transport.reads,
                .client_messages = traders.alpha.sent + traders.bravo.sent + traders.alpha.pings +
                                   traders.bravo.pings,
                .venue_messages = transport.venue->answers,
                .edge_commands = 3 * windows,
                .edge_batches = windows};
  };
  const auto answered = [&] {
    return traders.alpha.is_answered() && traders.bravo.is_answered() && rig.gate.is_idle() &&
           transport.venue->soup.output().empty();
  };
  t_calls = {};
  Seen before;
  for (std::uint64_t n = 0; n < kWarmUp + kMessages;) {
    const bool count = n >= kWarmUp;
    if (n == kWarmUp) before = seen();
    for (int i = 0; i < kWindow; ++i, n += 2) {
      traders.alpha.send();
      traders.bravo.send();
    }
    number = push_three(rig, orders, number);
    ++windows;
    traders.alpha.ping();
    traders.bravo.ping();
    int passes = 0;
    do pass(count, n);
    while (!answered() && ++passes < 10'000);
    ASSERT_TRUE(answered());
  }
  const Seen after = seen();
  const test::Calls calls = t_calls;
  expect_everything_happened(rig.gate, traders, 3 * windows);
  EXPECT_FALSE(transport.venue->failed);
  EXPECT_EQ(rig.gate.engine().verify(), nullptr);
  const auto during = [&](std::uint64_t Seen::*what) { return after.*what - before.*what; };
  EXPECT_EQ(during(&Seen::clock_reads),
            during(&Seen::passes) + during(&Seen::reads) + during(&Seen::client_messages) +
                during(&Seen::venue_messages) + during(&Seen::edge_commands) +
                during(&Seen::edge_batches));
  EXPECT_GE(during(&Seen::client_messages), kMessages);
  if (!test::kCallsAreCounted) GTEST_SKIP() << "run, but not counted under a sanitizer";
  EXPECT_EQ(calls.allocations, 0U);
  EXPECT_EQ(calls.locks, 0U);
  EXPECT_EQ(calls.clock_reads, 0U) << "it has no clock but the transport's";
  EXPECT_EQ(calls.writes, 0U);
  for (const std::uint64_t socket_calls : calls.socket_calls) EXPECT_EQ(socket_calls, 0U);
}

// --- the shard's loop

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

// The shard's end of a connection of ours.
int other_end(int fd) {
  sockaddr_in own{};
  socklen_t size = sizeof own;
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size), 0);
  for (int other = 0; other < test::Calls::kDescriptors; ++other) {
    sockaddr_in peer{};
    size = sizeof peer;
    if (::getpeername(other, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
        peer.sin_family == AF_INET && peer.sin_port == own.sin_port) {
      return other;
    }
  }
  ADD_FAILURE() << "it has none";
  return 0;
}

// Moves bytes between a connection and its socket, as far as they go now; true when some did.
template <class Connection>
bool pump(int fd, Connection& connection, std::int64_t now_ns) {
  bool moved = false;
  if (const auto output = connection.output(); !output.empty()) {
    const ssize_t n = ::send(fd, output.data(), output.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) connection.sent(static_cast<std::size_t>(n));
    moved = n > 0;
  }
  const auto input = connection.input();
  const ssize_t n = ::recv(fd, input.data(), input.size(), MSG_DONTWAIT);
  if (n > 0) connection.received(static_cast<std::size_t>(n), now_ns);
  return moved || n > 0;
}

// Likewise of the venue's.
template <class Connection>
bool pump(test::VenueEnd& end, Connection& connection, std::int64_t now_ns, bool* ended = nullptr) {
  std::ptrdiff_t moved = 0;
  if (const auto output = connection.output(); !output.empty()) {
    moved = end.write(output);
    if (moved > 0) connection.sent(static_cast<std::size_t>(moved));
  }
  const std::ptrdiff_t n = end.read(connection.input());
  if (ended != nullptr) *ended = n < 0;
  if (n > 0) connection.received(static_cast<std::size_t>(n), now_ns);
  return moved > 0 || n > 0;
}

std::int64_t clock_ns() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

// The shard on its own thread, counted there; everything else on the test's.
struct RunningShard {
  RunningShard(Rig& rig, const shard::Inputs& inputs) {
    credentials.venue = config::Secret("venue");
    const config::PasswordHash hash = security::hash_password("secret", {.n = 1'024});
    credentials.sessions.assign(rig.configuration.sessions.size(), hash);
    loop = std::make_unique<shard::Loop>(rig.configuration, credentials, rig.gate, rig.journal,
                                         inputs, &follower);
    thread = std::thread([this] {
      const Counting counting;
      loop->run();
      calls = t_calls;
    });
  }
  void finish() {
    loop->stop();
    thread.join();
  }

  security::Credentials credentials;
  shard::Doorbell follower;  // who never sleeps
  std::unique_ptr<shard::Loop> loop;
  std::thread thread;
  test::Calls calls;  // of its thread, once it has finished
};

class OrderPathOver : public testing::TestWithParam<test::VenueLink> {};

TEST_P(OrderPathOver, TheShardTakesNoMemoryAndNoMutexAndReadsTheClockOnceAMessage) {
  const bool in_memory = GetParam() == test::VenueLink::SharedMemory;
  const TemporaryFolder door_folder;
  test::VenueDoor door(GetParam(), 0, venue_socket(door_folder.path()));
  Rig rig(door.port(), door_folder.path());
  rig.begin(clock_ns());
  shard::Loop* waking = nullptr;
  feeds::FeedQueue prices(static_cast<std::uint32_t>(rig.configuration.instruments.size()),
                          static_cast<std::uint32_t>(rig.configuration.assets.size()), 1024,
                          [&waking] { waking->wake(); });
  edge::CommandQueue orders(64, [&waking] { waking->wake(); });
  test::g_measuring = false;
  RunningShard running(rig, {.prices = &prices, .orders = &orders});
  waking = running.loop.get();

  test::FlowVenue venue("AMZN");
  Traders traders;
  // The first connection asks where the venue stands; the second one stays.
  {
    const std::unique_ptr<test::VenueEnd> asking = door.accept();
    ASSERT_NE(asking, nullptr);
    test::FlowVenue asked("AMZN");
    for (bool ended = false; !ended;) {
      pump(*asking, asked.soup, clock_ns(), &ended);
      asked.take(static_cast<std::uint64_t>(clock_ns()));
      std::this_thread::yield();
    }
  }
  const std::unique_ptr<test::VenueEnd> venue_end = door.accept();
  ASSERT_NE(venue_end, nullptr);
  const int alpha_fd = connect_to(running.loop->port());
  const int bravo_fd = connect_to(running.loop->port());
  ASSERT_TRUE(traders.alpha.soup.login({"ALPHA2", "secret", "", 1}));
  ASSERT_TRUE(traders.bravo.soup.login({"BRAVO2", "secret", "", 1}));

  const std::int64_t give_up_ns = clock_ns() + 600'000'000'000;
  std::int64_t priced_ns = 0;
  // Carries bytes and prices until `done`.
  const auto carry_until = [&](auto&& done) {
    while (!done() && clock_ns() < give_up_ns) {
      const std::int64_t now_ns = clock_ns();
      if (now_ns - priced_ns > 200'000) {
        priced_ns = now_ns;
        prices.offer({.as_of_ns = now_ns,
                      .price = 1'000'000,
                      .index = rig.usdc.value,
                      .kind = feeds::PriceUpdate::Kind::Index});
        prices.offer({.as_of_ns = now_ns,
                      .price = static_cast<std::int64_t>(kPrice) + now_ns / 1'000 % 7,
                      .index = rig.amzn.value,
                      .kind = feeds::PriceUpdate::Kind::Mark});
        prices.flush();
      }
      bool moved = pump(*venue_end, venue.soup, now_ns);
      venue.take(static_cast<std::uint64_t>(now_ns));
      moved |= pump(alpha_fd, traders.alpha.soup, now_ns);
      moved |= pump(bravo_fd, traders.bravo.soup, now_ns);
      traders.alpha.take();
      traders.bravo.take();
      if (!moved) std::this_thread::yield();
    }
    return done();
  };
  const auto answered = [&] { return traders.alpha.is_answered() && traders.bravo.is_answered(); };

  test::g_measuring = false;
  ASSERT_TRUE(carry_until(
      [&] { return traders.alpha.logged_in && traders.bravo.logged_in && venue.answers > 1; }));
  // The link is up when an order passes.
  const std::int64_t settled_ns = clock_ns() + 100'000'000;
  carry_until([&] { return clock_ns() > settled_ns; });
  std::uint32_t number = 1;  // of the edge
  for (std::uint64_t n = 0; n < kWarmUp + kMessages;) {
    if (n >= kWarmUp) test::g_measuring = true;
    for (int i = 0; i < kWindow; ++i, n += 2) {
      traders.alpha.send();
      traders.bravo.send();
    }
    number = push_three(rig, orders, number);
    traders.alpha.ping();
    traders.bravo.ping();
    ASSERT_TRUE(carry_until(answered));
  }
  test::g_measuring = false;
  const int alphas = other_end(alpha_fd);
  const int bravos = other_end(bravo_fd);
  running.finish();
  test::g_measuring = true;
  for (const int fd : {alpha_fd, bravo_fd}) ::close(fd);

  // The windows' answers are behind the edge's orders of the ones before.
  const std::uint64_t others = 3 * (std::uint64_t{number} / 2);
  expect_everything_happened(rig.gate, traders, others);
  EXPECT_FALSE(venue.failed);
  EXPECT_EQ(rig.gate.engine().verify(), nullptr);
  if (!test::kCallsAreCounted) GTEST_SKIP() << "run, but not counted under a sanitizer";
  const test::Calls& calls = running.calls;
  const std::uint64_t messages =
      kMessages + traders.alpha.pings + traders.bravo.pings + venue.answers + others;
  RecordProperty("clock_reads", std::to_string(calls.clock_reads));
  std::printf(
      "%llu messages, %llu clock reads, %llu passes, %llu receives, %llu waits\n",
      static_cast<unsigned long long>(messages), static_cast<unsigned long long>(calls.clock_reads),
      static_cast<unsigned long long>(calls.polls), static_cast<unsigned long long>(calls.receives),
      static_cast<unsigned long long>(calls.waits));
  EXPECT_EQ(calls.allocations, 0U);
  EXPECT_EQ(calls.locks, 0U);
  // One a message, its end stamp; one a pass and one a receive, which stamp the first message; what
  // Asio needs to wait, when there is nothing to do.
  // A read of shared memory, at most one a pass, is a receive that no call shows.
  const std::uint64_t ring_reads = in_memory ? calls.polls : 0;
  EXPECT_LE(calls.clock_reads,
            messages + calls.polls + calls.receives + ring_reads + 3 * calls.waits);
  // Nobody sleeps whom it would have to wake; and the memory that it shares needs no kernel.
  EXPECT_EQ(calls.writes, 0U);
  std::uint64_t venues_calls = 0;
  for (int fd = 0; fd < test::Calls::kDescriptors; ++fd) {
    if (fd != alphas && fd != bravos)
      venues_calls += calls.socket_calls[static_cast<std::size_t>(fd)];
  }
  EXPECT_GT(calls.socket_calls[static_cast<std::size_t>(alphas)], 0U);
  EXPECT_EQ(venues_calls == 0, in_memory) << venues_calls;
}

INSTANTIATE_TEST_SUITE_P(Both, OrderPathOver, test::kBothLinks, test::link_name);

}  // namespace
}  // namespace portcullis::gateway::order_path_test
