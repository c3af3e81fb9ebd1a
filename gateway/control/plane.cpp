#include "gateway/control/plane.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <iostream>
#include <limits>
#include <utility>

#include "feeds/epoch_clock.h"
#include "feeds/thread_cores.h"

namespace portcullis::gateway::control {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kRecordsARound = 1'024;    // sockets have their turn between so many
constexpr std::uint64_t kRecordsBack = 100'000;  // read at start, for the rejects among them
constexpr auto kTick = milliseconds(5);
constexpr int kNice = 5;
constexpr std::int64_t kIdleNs = 30'000'000'000;

std::unique_ptr<journal::Reader> reader_of(const std::filesystem::path& directory,
                                           std::uint64_t published) {
  try {
    const std::uint64_t first = published > kRecordsBack ? published - kRecordsBack : 1;
    return std::make_unique<journal::Reader>(
        directory, journal::ReaderOptions{.from_sequence = first, .include_ring = true});
  } catch (const journal::JournalError&) {  // removed already
    return std::make_unique<journal::Reader>(
        directory, journal::ReaderOptions{.from_sequence = published + 1, .include_ring = true});
  }
}

}  // namespace

edge::ServerSettings server_settings(const config::ControlSettings& settings) {
  edge::ServerSettings server;
  server.address = settings.address;
  server.port = settings.port;
  if (settings.tls)
    server.tls = edge::TlsFiles{settings.tls->certificate_file, settings.tls->private_key_file};
  server.connections_max = settings.connections_max;
  server.connections_per_address_max = settings.connections_max;
  server.body_bytes_max = 1'024 + std::size_t{512} * settings.what_if_orders_max;
  server.message_bytes_max = 1'024;
  server.output_bytes_max = static_cast<std::size_t>(settings.send_buffer_bytes);
  server.request_ns = settings.request_ns;
  server.idle_ns = kIdleNs;
  return server;
}

Plane::Plane(const ControlNeeds& needs, const std::filesystem::path& journal,
             std::uint64_t published, std::function<std::uint64_t()> visible_through,
             std::function<void(const std::string&)> on_failure)
    : needs_(needs),
      settings_(server_settings(needs.settings)),
      visible_through_(std::move(visible_through)),
      on_failure_(std::move(on_failure)),
      io_(1),
      server_(io_, settings_, door_),
      door_(needs_, server_),
      reader_(reader_of(journal, published)),
      answers_(io_, needs.queue.answers.fd()),
      timer_(io_) {}

Plane::~Plane() {
  stop();
  answers_.release();  // it would close the bell's descriptor
}

void Plane::start() {
  thread_ = std::thread([this] { run(); });
}

void Plane::begin_stop() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    door_.stop_taking();
    server_.stop_accepting();
  });
}

void Plane::stop() {
  if (!thread_.joinable()) return;
  begin_stop();
  asio::post(io_, [this] { end(); });
  thread_.join();
}

void Plane::end() {
  const std::int64_t now_ns = feeds::epoch_ns();
  while (follow()) {
  }
  door_.answer_all(now_ns);
  ending_ = true;
  give_up_ns_ = now_ns + settings_.close_ns;
  server_.stop();
}

void Plane::run() {
  feeds::begin_thread(config::Thread::Control);
  ::setpriority(PRIO_PROCESS, 0, kNice);  // of the calling thread alone, on Linux
  try {
    server_.start();
    wait_for_answers();
    wait_for_time(false);
    io_.run();
  } catch (const std::exception& error) {
    on_failure_(error.what());
  }
}

// Whether there may be more.
bool Plane::follow() {
  if (reader_ == nullptr) return false;
  const std::uint64_t through =
      visible_through_ ? visible_through_() : std::numeric_limits<std::uint64_t>::max();
  const std::int64_t now_ns = feeds::epoch_ns();
  for (std::size_t n = 0; n < kRecordsARound; ++n) {
    if (reader_->next_sequence() > through) return false;
    journal::RecordView record;
    const journal::ReadStatus status = reader_->next(record);
    if (status == journal::ReadStatus::End) return false;
    if (status == journal::ReadStatus::Damaged) {
      on_failure_(reader_->error());
      reader_.reset();
      return false;
    }
    door_.on_record(record, now_ns);
  }
  return true;
}

void Plane::wait_for_time(bool is_more) {
  timer_.expires_after(is_more ? milliseconds(0) : kTick);
  timer_.async_wait([this](error_code error) {
    if (error) return;
    const bool is_more_now = follow();
    const std::int64_t now_ns = feeds::epoch_ns();
    door_.on_time(now_ns);
    if (ending_ && (server_.connection_count() == 0 || now_ns >= give_up_ns_)) {
      io_.stop();
      return;
    }
    wait_for_time(is_more_now);
  });
}

void Plane::wait_for_answers() {
  needs_.queue.answers.will_sleep();
  door_.on_time(feeds::epoch_ns());  // what was answered before the bell knew of the sleeper
  answers_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
    if (error) return;
    needs_.queue.answers.awake();
    wait_for_answers();
  });
}

// --- the process

void Process::open(const journal::Journal& journal, follower::Follower& follower,
                   const follower::SweepWatch& sweeps, const follower::WarningWatch& warnings,
                   const audit::AuditLog& audit, const edge::CommandQueue* orders,
                   std::function<feeds::FeedFigures()> feeds, parameters::ChangeExchange& changes) {
  const bool waits_for_disk = journal.durability() == journal::Durability::Fsync;
  std::function<std::uint64_t()> visible_through;
  if (waits_for_disk) visible_through = [&journal] { return journal.synced_sequence(); };
  std::function<std::uint64_t()> orders_waiting;
  if (orders != nullptr) orders_waiting = [orders] { return orders->waiting(); };
  plane_ = std::make_unique<Plane>(
      ControlNeeds{.deployment = deployment_,
                   .settings = settings_,
                   .queue = queue_,
                   .look = [&follower](const auto& f) { return follower.try_with(f); },
                   .follower_sequence = [&follower] { return follower.sequence(); },
                   .audit = [&audit] { return audit.head(); },
                   .journal =
                       [&journal, waits_for_disk] {
                         return JournalFigures{.published = journal.published_sequence(),
                                               .flushed = journal.flushed_sequence(),
                                               .synced = journal.synced_sequence(),
                                               .faults = journal.faults(),
                                               .ring_bytes = journal.capacity_bytes(),
                                               .waits_for_disk = waits_for_disk};
                       },
                   .orders_waiting = std::move(orders_waiting),
                   .feeds = std::move(feeds),
                   .pause = [] { std::this_thread::sleep_for(std::chrono::microseconds(200)); },
                   .sweeps = &sweeps,
                   .warnings = &warnings,
                   .changes = &changes},
      deployment_.journal.directory, journal.published_sequence(), std::move(visible_through),
      [](const std::string& what) {
        std::cerr << "the control plane tells no more events: " << what << '\n';
      });
}

}  // namespace portcullis::gateway::control
