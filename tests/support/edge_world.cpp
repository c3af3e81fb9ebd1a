#include "tests/support/edge_world.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "feeds/epoch_clock.h"

namespace portcullis::test {

namespace edge = gateway::edge;

namespace {

constexpr std::int64_t kPricesApartNs = 200'000'000;

std::vector<Change> changes_with(const std::vector<Change>& more) {
  std::vector<Change> changes = json_changes();
  changes.insert(changes.end(), more.begin(), more.end());
  return changes;
}

}  // namespace

EdgeWorld::EdgeWorld(const std::vector<Change>& more)
    : world_(changes_with(more)),
      look_(world_),
      secrets_(api_secrets(world_.deployment())),
      queue_(world_.deployment().edge->queue_commands,
             [this] {
               const std::lock_guard lock(mutex_);
               wanted_ = true;
               woken_.notify_one();
             }),
      store_(world_.deployment(),
             {.closed_per_account = world_.deployment().edge->order_history,
              .executions_per_account = world_.deployment().edge->execution_history,
              .with_changes = true}) {
  world_.use_engine();
  world_.now_ns = std::max(world_.now_ns, feeds::epoch_ns());
  world_.price();
  std::function<std::uint64_t()> visible_through;
  if (world_.journal().durability() == gateway::journal::Durability::Fsync)
    visible_through = [this] { return world_.journal().synced_sequence(); };
  edge_ = std::make_unique<edge::Edge>(
      edge::EdgeNeeds{.deployment = world_.deployment(),
                      .secrets = secrets_,
                      .journal = world_.journal_directory(),
                      .store = store_,
                      .queue = queue_,
                      .bell = bell_,
                      .look = *this,
                      .visible_through = std::move(visible_through),
                      .on_failure = [this](const std::string& what) { failure_ = what; }});
  gate_thread_ = std::thread([this] { run(); });
  edge_->start();
}

EdgeWorld::~EdgeWorld() {
  edge_->stop();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    woken_.notify_one();
  }
  gate_thread_.join();
}

void EdgeWorld::stop_edge() { edge_->stop(); }

std::uint64_t EdgeWorld::sequence() {
  const std::lock_guard lock(mutex_);
  return look_.sequence();
}

bool EdgeWorld::look(risk::AccountIndex account, std::int64_t now_ns, edge::AccountState& state) {
  const std::lock_guard lock(mutex_);
  return look_.look(account, now_ns, state);
}

void EdgeWorld::with(const std::function<void(GateWorld&)>& f) {
  const std::lock_guard lock(mutex_);
  f(world_);
  wanted_ = true;
  woken_.notify_one();
}

bool EdgeWorld::take_queue() {
  std::array<edge::EdgeCommand, 32> commands;
  const std::size_t count = queue_.drain(commands);
  for (std::size_t c = 0; c < count; ++c) take_command(world_, commands[c]);
  return count != 0;
}

void EdgeWorld::run() {
  std::unique_lock lock(mutex_);
  std::int64_t priced_ns = world_.now_ns;
  std::uint64_t rung_for = 0;
  while (!stopping_) {
    wanted_ = false;
    world_.now_ns = std::max(world_.now_ns, feeds::epoch_ns());
    if (world_.now_ns - priced_ns >= kPricesApartNs) {
      priced_ns = world_.now_ns;
      world_.price();
    }
    const bool taken = take_queue();
    world_.deliver();
    if (const std::uint64_t published = world_.journal().published_sequence();
        published != rung_for) {
      rung_for = published;
      bell_.ring();
    }
    if (!taken && !wanted_) woken_.wait_for(lock, std::chrono::milliseconds(50));
  }
}

}  // namespace portcullis::test
