#include "gateway/edge/edge.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <limits>

#include "feeds/epoch_clock.h"
#include "feeds/thread_cores.h"

namespace portcullis::gateway::edge {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

// Sockets have their turn between so many records.
constexpr std::size_t kRecordsARound = 256;
// The bell tells of records; the timer is for what has none, and for a bell that was not rung.
constexpr auto kTick = milliseconds(1);
constexpr auto kIdleTick = milliseconds(20);
// So long nothing must have come before connections are closed by a stop.
constexpr std::int64_t kQuietNs = 20'000'000;

}  // namespace

ServerSettings server_settings(const config::Deployment& deployment) {
  const config::EdgeSettings& settings = *deployment.edge;
  ServerSettings server;
  server.address = settings.address;
  server.port = settings.port;
  if (settings.tls)
    server.tls = TlsFiles{settings.tls->certificate_file, settings.tls->private_key_file};
  server.connections_max = settings.connections_max;
  server.connections_per_address_max = deployment.gateway.connections_per_address_max;
  server.message_bytes_max = static_cast<std::size_t>(settings.frame_bytes_max);
  server.output_bytes_max = static_cast<std::size_t>(settings.send_buffer_bytes);
  server.request_ns = settings.login_ns;
  server.idle_ns = settings.silence_ns;
  return server;
}

Edge::Edge(const EdgeNeeds& needs)
    : needs_(needs),
      settings_(server_settings(needs.deployment)),
      io_(1),
      server_(io_, settings_, door_),
      door_(needs.deployment, door_limits(needs.deployment), needs.secrets, needs.store,
            needs.queue, server_, needs.look),
      reader_(needs.journal, {.from_sequence = needs.store.sequence() + 1, .include_ring = true}),
      bell_(io_, needs.bell.fd()),
      timer_(io_),
      grace_(io_) {}

Edge::~Edge() {
  stop();
  bell_.release();  // it would close the bell's descriptor
}

void Edge::start() {
  thread_ = std::thread([this] { run(); });
}

void Edge::begin_stop() {
  if (!thread_.joinable()) return needs_.queue.close();
  stop_wanted_ = true;
  asio::post(io_, [this] { stop_taking(); });
}

void Edge::stop(std::uint64_t last_record) {
  if (!thread_.joinable()) return;
  begin_stop();
  asio::post(io_, [this, last_record] {
    ending_ = true;
    last_record_ = last_record;
    quiet_since_ns_ = feeds::epoch_ns();
    give_up_ns_ = quiet_since_ns_ + settings_.close_ns;
  });
  thread_.join();
}

void Edge::stop_taking() {
  door_.stop_taking();
  server_.stop_accepting();
  needs_.queue.close();
}

// Once everything is answered and nothing more comes, or time is up: what clients sent before the
// stop may have to be read yet.
void Edge::end(std::int64_t now_ns) {
  if (last_record_ != 0 && reader_.next_sequence() > last_record_) door_.no_more_records(now_ns);
  const std::uint64_t heard = server_.counters().messages + server_.counters().requests;
  if (heard != heard_) {
    heard_ = heard;
    quiet_since_ns_ = now_ns;
  }
  const bool is_quiet = !door_.is_waiting() && now_ns - quiet_since_ns_ >= kQuietNs;
  if (!is_quiet && !failed_ && now_ns < give_up_ns_) return;
  closing_ = true;
  server_.stop();
  grace_.expires_after(nanoseconds(settings_.close_ns) + milliseconds(500));
  grace_.async_wait([this](error_code) { io_.stop(); });
}

void Edge::run() {
  feeds::begin_thread(config::Thread::Edge);
  try {
    catch_up();
    if (!failed_ && !stop_wanted_) server_.start();
    follow_on();
    wait_for_time(false);
    io_.run();
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

// What happened before the first connection is nobody's answer.
void Edge::catch_up() {
  while (!stop_wanted_ && follow()) {
  }
}

// Whether there may be more.
bool Edge::follow() {
  if (failed_) return false;
  const std::uint64_t through =
      needs_.visible_through ? needs_.visible_through() : std::numeric_limits<std::uint64_t>::max();
  const std::int64_t now_ns = feeds::epoch_ns();
  for (std::size_t n = 0; n < kRecordsARound; ++n) {
    if (reader_.next_sequence() > through) return false;
    journal::RecordView record;
    const journal::ReadStatus status = reader_.next(record);
    if (status == journal::ReadStatus::End) return false;
    if (status == journal::ReadStatus::Damaged) {
      fail(reader_.error());
      return false;
    }
    door_.on_record(record, now_ns);
  }
  return true;
}

void Edge::follow_on() {
  if (follow()) {
    asio::post(io_, [this] { follow_on(); });
    return;
  }
  needs_.bell.will_sleep();
  // What was published before the bell knew of the sleeper.
  if (follow()) {
    needs_.bell.awake();
    asio::post(io_, [this] { follow_on(); });
    return;
  }
  wait_for_bell();
}

void Edge::wait_for_bell() {
  bell_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
    if (error) return;
    needs_.bell.awake();
    follow_on();
    door_.on_time(feeds::epoch_ns());
  });
}

void Edge::wait_for_time(bool more) {
  timer_.expires_after(more || ending_ || door_.is_waiting() ? kTick : kIdleTick);
  timer_.async_wait([this](error_code error) {
    if (error) return;
    const bool is_more = follow();
    const std::int64_t now_ns = feeds::epoch_ns();
    door_.on_time(now_ns);
    if (ending_ && !closing_) end(now_ns);
    if (closing_ && server_.connection_count() == 0) {
      io_.stop();
      return;
    }
    wait_for_time(is_more);
  });
}

void Edge::fail(const std::string& what) {
  if (failed_) return;
  failed_ = true;
  stop_taking();
  server_.stop();
  if (needs_.on_failure) needs_.on_failure(what);
}

}  // namespace portcullis::gateway::edge
