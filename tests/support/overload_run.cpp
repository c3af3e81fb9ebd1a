#include "tests/support/overload_run.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "gateway/soup/client_connection.h"
#include "tests/support/gate_process.h"
#include "tests/support/link_state.h"
#include "tests/support/order_flow.h"
#include "tests/support/ouch_client.h"

namespace portcullis::test {

using namespace gateway;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

constexpr std::size_t kInFlight = 10'000;      // orders of a client without an answer
constexpr std::uint32_t kExitEvery = 16;       // of its orders
constexpr std::int64_t kMemoryMax = 32 << 20;  // what it may take more while it is overloaded

std::int64_t now_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Any pass in which a session has its full budget is a long one; nothing else refuses orders.
std::vector<Change> overloaded_at_once() {
  constexpr auto kSet = Change::Kind::Set;
  const std::string rate =
      R"({"per_second":100000000,"burst":1000000,"exit_per_second":100000000,"exit_burst":1000000})";
  std::vector<Change> changes = {{kSet, "process.json", "gateway.overload_pass_us", "1"},
                                 {kSet, "process.json", "gateway.overload_calm_ms", "1"},
                                 {kSet, "process.json", "gateway.slow_consumer_bytes", "4194304"},
                                 {kSet, "process.json", "journal.ring_bytes", "67108864"},
                                 {kSet, "process.json", "capacities.orders", "65536"}};
  for (const char* profile : {"venue", "member", "group", "maker", "client"}) {
    const std::string path = std::string("profiles.") + profile + ".open_orders_max";
    changes.push_back({kSet, "limits.json", path, "200000"});
  }
  for (const char* session : {"ALPHA2", "BRAVO1", "BRAVO2"}) {
    changes.push_back({kSet, "sessions.json", std::string("sessions.") + session + ".rate", rate});
  }
  for (const char* account : {"alpha-hedge", "bravo-1", "bravo-house"}) {
    changes.push_back({kSet, "limits.json", std::string("accounts.") + account + ".rate", rate});
  }
  return changes;
}

// Orders of one lot of BTCPERP that do not match: buys below the mark, sells above it. Each that is
// accepted is cancelled.
class Flood {
 public:
  // `adds`: the side that adds to its account's position; the other one is an exit.
  Flood(std::uint16_t port, const char* user, char adds)
      : socket_(port), soup_(kFlowSettings, now_ns()), adds_(adds) {
    EXPECT_TRUE(soup_.login({.username = user,
                             .password = std::string(kClientPassword),
                             .session = "",
                             .sequence = 0}));
  }

  [[nodiscard]] bool is_logged_in() const { return soup_.is_active(); }
  [[nodiscard]] std::uint64_t in_flight() const { return sent - accepted - refused; }
  [[nodiscard]] bool is_settled() const {
    return in_flight() == 0 && cancels_sent_ == accepted && cancelled == accepted;
  }

  // Sends orders as long as there is room for more.
  void send_more() {
    while (in_flight() < kInFlight && soup_.output_room() > 65'536) send_next();
  }
  void send_next() {
    ++number_;
    const bool is_exit = number_ % kExitEvery == 0;
    const bool buys = (adds_ == 'B') != is_exit;
    queue(venue_sim::enter_message(
        {.number = number_,
         .side = buys ? 'B' : 'S',
         .quantity = 1,
         .price = buys ? kBuyersPrice - 100 * kBuyersTick : kBuyersPrice + 100 * kBuyersTick,
         .symbol = "BTCPERP",
         .firm = ""}));
    ++sent;
    if (is_exit) ++exits;
  }
  // Takes what has come, cancels what was accepted, and writes as much as the socket takes.
  void step() {
    soup_.on_time(now_ns());
    const std::span<std::byte> input = soup_.input();
    const ssize_t n = ::recv(socket_.fd(), input.data(), input.size(), MSG_DONTWAIT);
    ended = ended || n == 0;
    if (n > 0) soup_.received(static_cast<std::size_t>(n), now_ns());
    using Type = soup::ClientEvent::Type;
    for (auto event = soup_.next_event(); event.type != Type::None; event = soup_.next_event()) {
      ended = ended || event.type == Type::Error || event.type == Type::LoginRejected;
      if (event.type == Type::SequencedData) take(event.payload);
    }
    while (!to_cancel_.empty() && soup_.output_room() > 1'024) {
      queue(cancel(to_cancel_.front()));
      to_cancel_.pop_front();
      ++cancels_sent_;
    }
    const std::size_t put = soup_.output().empty() ? 0 : socket_.send_some(soup_.output());
    soup_.sent(put);
    if (!soup_.output().empty() || in_flight() >= kInFlight) ++blocked;
  }

  std::uint64_t sent = 0;  // orders
  std::uint64_t exits = 0;
  std::uint64_t accepted = 0;
  std::uint64_t exits_accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t blocked = 0;  // times that it could not say more before the gate took something
  std::uint64_t others = 0;   // answers that are neither of these
  bool ended = false;

 private:
  void queue(const ouch::InboundMessage& message) {
    EXPECT_TRUE(soup_.send_unsequenced(venue_sim::bytes_of(message)));
  }
  void take(std::span<const std::byte> payload) {
    ouch::Accepted order;
    ouch::Rejected refusal;
    ouch::Canceled cancellation;
    if (decode(payload, order) == ouch::DecodeError::None) {
      ++accepted;
      if (order.user_ref_num % kExitEvery == 0) ++exits_accepted;
      to_cancel_.push_back(order.user_ref_num);
    } else if (decode(payload, refusal) == ouch::DecodeError::None) {
      ++refused;
      // Overloaded, or another of the states that refuse what adds risk; and never an exit.
      if (refusal.user_ref_num % kExitEvery == 0 || !line_of_payload(payload).ends_with(" a")) {
        ++others;
        last_other_ = line_of_payload(payload);
      }
    } else if (decode(payload, cancellation) == ouch::DecodeError::None) {
      ++cancelled;
    } else if (line_of_payload(payload) != "S") {
      ++others;
      last_other_ = line_of_payload(payload);
    }
  }

 public:
  [[nodiscard]] const std::string& last_other() const { return last_other_; }

 private:
  RawSocket socket_;
  soup::ClientConnection soup_;
  const char adds_;
  std::uint32_t number_ = 0;
  std::uint64_t cancels_sent_ = 0;
  std::deque<std::uint32_t> to_cancel_;
  std::string last_other_;
};

// Beside them: one exit after the other, and its cancel.
class Quiet {
 public:
  explicit Quiet(std::uint16_t port) : client_(port) { EXPECT_TRUE(client_.login("BRAVO2", 0)); }
  void step() {
    client_.step(0);
    const std::size_t answers = client_.stream.size();
    if (answers < asked_) return;
    if (asked_ > 0) {
      const char expected = asked_ % 2 == 1 ? 'A' : 'C';
      EXPECT_EQ(line_of_payload(client_.stream.back())[0], expected);
    }
    if (asked_ % 2 == 0) {
      client_.send(sell(++number_, 1, 100));
    } else {
      client_.send(cancel(number_));
    }
    ++asked_;
  }
  [[nodiscard]] std::size_t answered() const { return client_.stream.size(); }
  [[nodiscard]] bool is_settled() const { return client_.stream.size() == asked_; }
  // Takes the last answer, and leaves nothing live.
  void settle() {
    EXPECT_TRUE(client_.wait_until([&] { return is_settled(); }));
    if (asked_ % 2 == 0) return;
    client_.send(cancel(number_));
    ++asked_;
    EXPECT_TRUE(client_.wait_until([&] { return is_settled(); }));
  }

 private:
  OuchClient client_;
  std::uint32_t number_ = 0;
  std::size_t asked_ = 0;
};

}  // namespace

void run_overloaded(std::chrono::milliseconds duration) {
  const TestDeployment deployment(overloaded_at_once());
  VenueProcess venue(deployment);
  GateProcess gate(deployment);
  ASSERT_NE(gate.port(), 0) << read_file(deployment.errors());
  wait_for_link(gate.port());
  std::array<Flood, 2> floods{Flood(gate.port(), "ALPHA2", 'S'), Flood(gate.port(), "BRAVO1", 'B')};
  Quiet quiet(gate.port());
  const auto all = [&](auto&& what) {
    for (Flood& flood : floods) {
      if (!what(flood)) return false;
    }
    return true;
  };
  const auto step = [&] {
    for (Flood& flood : floods) flood.step();
    return all([](const Flood& flood) { return !flood.ended; });
  };
  const auto wait_for = [&](auto&& condition) {
    const std::int64_t give_up_ns = now_ns() + std::chrono::nanoseconds(kPatience).count();
    while (!condition()) {
      if (!step() || now_ns() > give_up_ns) return false;
    }
    return true;
  };
  ASSERT_TRUE(wait_for([&] { return all([](const Flood& f) { return f.is_logged_in(); }); }));

  // More than it takes, all the time. What the first fifth of it has touched is all it needs.
  const std::int64_t began_ns = now_ns();
  const std::int64_t until_ns = began_ns + std::chrono::nanoseconds(duration).count();
  const std::int64_t steady_ns = began_ns + std::chrono::nanoseconds(duration).count() / 5;
  std::int64_t memory = 0;
  while (now_ns() < until_ns) {
    for (Flood& flood : floods) flood.send_more();
    ASSERT_TRUE(step()) << "a connection has ended";
    quiet.step();
    if (memory == 0 && now_ns() > steady_ns) memory = resident_bytes(gate.pid());
  }
  const std::int64_t memory_after = resident_bytes(gate.pid());

  // It is over: all is answered, and orders that add risk are taken again.
  EXPECT_TRUE(wait_for([&] { return all([](const Flood& f) { return f.is_settled(); }); }))
      << "something is not answered";
  quiet.settle();
  for (Flood& flood : floods) {
    const std::uint64_t exits_before = flood.exits_accepted;
    const std::uint64_t accepted_before = flood.accepted;
    const auto is_taken = [&] {
      return flood.accepted - accepted_before > flood.exits_accepted - exits_before;
    };
    EXPECT_TRUE(wait_for([&] {
      if (flood.in_flight() == 0 && !is_taken()) flood.send_next();
      return is_taken();
    })) << "it is overloaded for ever";
  }
  EXPECT_TRUE(wait_for([&] { return all([](const Flood& f) { return f.is_settled(); }); }));
  EXPECT_EQ(gate.terminate(), 0) << read_file(deployment.errors());
  EXPECT_EQ(venue.terminate(), 0);

  std::uint64_t refused = 0;
  std::uint64_t sent = 0;
  for (const Flood& flood : floods) {
    EXPECT_EQ(flood.others, 0U) << flood.last_other();
    EXPECT_EQ(flood.exits_accepted, flood.exits) << "an exit did not pass";
    EXPECT_EQ(flood.cancelled, flood.accepted) << "a cancel did not pass";
    EXPECT_GT(flood.exits, 0U);
    EXPECT_GT(flood.refused, flood.sent / 2) << "it was not overloaded";
    EXPECT_GT(flood.blocked, 0U);
    refused += flood.refused;
    sent += flood.sent;
  }
  EXPECT_GT(quiet.answered(), 1U) << "nobody else was heard";
  std::printf("%llu orders, %llu refused, %zu answers beside them, resident %lld to %lld bytes\n",
              static_cast<unsigned long long>(sent), static_cast<unsigned long long>(refused),
              quiet.answered(), static_cast<long long>(memory),
              static_cast<long long>(memory_after));
  if (!kSanitized) {
    EXPECT_LT(memory_after - memory, kMemoryMax);
  }
  EXPECT_GT(deployment.gate_stat("links.overloads"), 0);
  EXPECT_GT(deployment.gate_stat("rejects.overload"), 0);
  EXPECT_EQ(deployment.gate_stat("links.slow_consumers"), 0);
  EXPECT_EQ(deployment.gate_stat("live_orders"), 0);
  expect_counts_agree(deployment);
  expect_replay_agrees(deployment);
}

}  // namespace portcullis::test
