// What the JSON door costs: an order's way over a loopback WebSocket through the edge, the queue, the
// gate, the journal and back, beside an echo of the same text over the same sockets, queue and bell;
// and what records that do not concern JSON clients cost its thread.

#include <benchmark/benchmark.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "feeds/epoch_clock.h"
#include "gateway/edge/server.h"
#include "gateway/journal/reader.h"
#include "tests/support/edge_world.h"
#include "tests/support/raw_peer.h"

namespace portcullis::gateway::edge {
namespace {

using test::RawPeer;

std::string create(std::int64_t number) {
  return R"({"op":"order.create","reqId":")" + std::to_string(number) +
         R"(","header":{"X-BAPI-TIMESTAMP":")" + std::to_string(feeds::epoch_ns() / 1'000'000) +
         R"(","X-BAPI-RECV-WINDOW":"5000"},"args":[)" +
         // Refused by its collar: every round trip is like the first, and nothing fills up.
         test::JsonWorld::amzn("Buy", 1, "999", "bench-" + std::to_string(number)) + "]}";
}

void BM_EdgeOrderRoundTrip(benchmark::State& state) {
  test::EdgeWorld world(
      {{test::Change::Kind::Set, "process.json", "edge.requests_per_second_max", "1000000"}});
  RawPeer peer(world.port());
  if (!peer.open()) state.SkipWithError("no WebSocket");
  peer.send_text(test::auth_request("JSON1", feeds::epoch_ns() / 1'000'000));
  if (peer.read_text().empty()) state.SkipWithError("no login");
  std::int64_t number = 0;
  for (auto _ : state) {
    peer.send_text(create(++number));
    if (peer.read_text().empty()) state.SkipWithError("no answer");
  }
}
BENCHMARK(BM_EdgeOrderRoundTrip)->Unit(benchmark::kMicrosecond)->UseRealTime();

// Says everything back by way of another thread: there through the queue, back with the bell.
class Echo final : public Door {
 public:
  Echo()
      : queue_(1'024,
               [this] {
                 const std::lock_guard lock(mutex_);
                 woken_.notify_one();
               }),
        bell_wait_(io_, bell_.fd()) {
    ServerSettings settings;
    settings.address = "127.0.0.1";
    settings.connections_max = 4;
    server_.emplace(io_, settings, *this);
    server_->start();
    wait();
    other_ = std::thread([this] { run(); });
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Echo() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      woken_.notify_one();
    }
    other_.join();
    io_.stop();
    thread_.join();
    bell_wait_.release();
  }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }

  void on_open(ConnectionId, Channel, Address, std::int64_t) override {}
  void on_message(ConnectionId id, std::string_view text, std::int64_t) override {
    texts_.emplace_back(id, text);
    queue_.push({.type = EdgeCommand::Type::Alive, .session = {}});
  }
  void on_closed(ConnectionId, std::int64_t) override {}
  std::optional<HttpReply> on_request(const HttpRequest&, std::int64_t) override {
    return HttpReply{};
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      std::array<EdgeCommand, 32> commands;
      if (const std::size_t count = queue_.drain(commands); count != 0) {
        returned_.fetch_add(count, std::memory_order_release);
        bell_.ring();
      } else {
        woken_.wait_for(lock, std::chrono::milliseconds(50));
      }
    }
  }
  void wait() {
    bell_.will_sleep();
    say_back();
    bell_wait_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [this](boost::system::error_code error) {
                            if (error) return;
                            bell_.awake();
                            say_back();
                            wait();
                          });
  }
  void say_back() {
    for (; said_ < returned_.load(std::memory_order_acquire); ++said_) {
      server_->send(texts_.front().first, std::move(texts_.front().second));
      texts_.pop_front();
    }
  }

  std::mutex mutex_;
  std::condition_variable woken_;
  bool stopping_ = false;
  CommandQueue queue_;
  shard::Doorbell bell_;
  std::atomic<std::uint64_t> returned_{0};
  std::uint64_t said_ = 0;
  std::deque<std::pair<ConnectionId, std::string>> texts_;
  boost::asio::io_context io_{1};
  boost::asio::posix::stream_descriptor bell_wait_;
  std::optional<Server> server_;
  std::thread other_;
  std::thread thread_;
};

void BM_EdgeEchoRoundTrip(benchmark::State& state) {
  Echo echo;
  RawPeer peer(echo.port());
  if (!peer.open()) state.SkipWithError("no WebSocket");
  std::int64_t number = 0;
  for (auto _ : state) {
    peer.send_text(create(++number));
    if (peer.read_text().empty()) state.SkipWithError("no answer");
  }
}
BENCHMARK(BM_EdgeEchoRoundTrip)->Unit(benchmark::kMicrosecond)->UseRealTime();

// A record of prices on its way past the door: read from the journal's ring, and looked at.
void BM_EdgePassesOverPrices(benchmark::State& state) {
  test::JsonWorld w;
  const std::uint64_t from = w.world.journal().published_sequence() + 1;
  constexpr std::int64_t kRecords = 4'000;
  for (std::int64_t n = 0; n < kRecords; ++n)
    w.world.mark(w.world.instrument("AMZN"), {2'200'000 + n % 7});
  for (auto _ : state) {
    state.PauseTiming();
    journal::Reader reader(w.world.journal_directory(),
                           {.from_sequence = from, .include_ring = true});
    state.ResumeTiming();
    journal::RecordView record;
    while (reader.next(record) == journal::ReadStatus::Record) w.door->on_record(record, 0);
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
}
BENCHMARK(BM_EdgePassesOverPrices)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace portcullis::gateway::edge
