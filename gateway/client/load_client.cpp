#include "gateway/client/load_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <iostream>
#include <utility>

#include "gateway/client/ouch_session.h"

namespace portcullis::gateway::client {

namespace asio = boost::asio;

namespace {

// Messages between two looks at what has come back.
constexpr int kBatch = 64;
// How often heartbeats, limits and stop() are looked after.
constexpr std::int64_t kTickNs = 50'000'000;
constexpr std::int64_t kProgressNs = 1'000'000'000;
// A run that is due starts so much later, so that its first messages are not late.
constexpr std::int64_t kStartNs = 10'000'000;
// For WebSockets to close.
constexpr std::int64_t kLeaveNs = 1'000'000'000;
// Nothing came for so long after everything was answered: nothing will.
constexpr std::int64_t kQuietNs = 300'000'000;
// The same behind a lost connection: the gate may have been started again, and have still to hear from
// the venue.
constexpr std::int64_t kQuietAfterLossNs = 2'000'000'000;

std::int64_t epoch_ns() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

LoadClient::LoadClient(const Plan& plan, RunSettings settings)
    : plan_(plan), settings_(std::move(settings)), io_(1) {
  for (std::size_t s = 0; s < settings_.logins.size(); ++s) {
    const Login& login = settings_.logins[s];
    by_index_.push_back(nullptr);
    if (login.user.empty()) continue;
    if (settings_.json == nullptr) {
      sessions_.push_back(std::make_unique<OuchSession>(io_, plan_, plan_.numbers[s], login, times_,
                                                        settings_.reconnect_limit_ns));
    } else {
      auto session =
          std::make_unique<JsonSession>(io_, plan_, *settings_.json, static_cast<std::uint16_t>(s),
                                        login, times_, settings_.reconnect_limit_ns);
      json_sessions_.push_back(session.get());
      sessions_.push_back(std::move(session));
    }
    by_index_.back() = sessions_.back().get();
  }
}

template <class F>
std::uint64_t LoadClient::sum(F&& f) const {
  std::uint64_t total = 0;
  for (const auto& session : sessions_) total += f(session->ledger());
  return total;
}

template <class F>
bool LoadClient::all(F&& f) const {
  return std::all_of(sessions_.begin(), sessions_.end(),
                     [&](const auto& session) { return f(*session); });
}

void LoadClient::work(std::int64_t until_ns) {
  until_ns = std::min(until_ns, next_tick_ns_);
  if (until_ns > steady_ns()) {
    timer_.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(until_ns)));
    timer_.async_wait([](boost::system::error_code) {});
    io_.run_one();
    timer_.cancel();
  }
  io_.poll();
  if (steady_ns() >= next_tick_ns_) keep_up();
}

void LoadClient::keep_up() {
  const std::int64_t now_ns = steady_ns();
  next_tick_ns_ = now_ns + kTickNs;
  for (const auto& session : sessions_) session->on_time(now_ns);
  if (!settings_.progress || next_progress_ns_ == 0 || now_ns < next_progress_ns_) return;
  next_progress_ns_ += kProgressNs;
  const auto count = [this](std::uint64_t LedgerCounts::*member) {
    return sum([member](const Ledger& ledger) { return ledger.counts().*member; });
  };
  std::uint64_t handed = 0;
  for (const auto& session : sessions_) handed += session->handed();
  std::cerr << fmt::format(
      "{:6.1f} s  {} of {} sent, {} accepted, {} rejected, {} executed, {} open\n",
      static_cast<double>(now_ns - start_ns_) * 1e-9,
      std::min<std::uint64_t>(handed, plan_.messages.size()), plan_.messages.size(),
      count(&LedgerCounts::accepted), count(&LedgerCounts::rejected),
      count(&LedgerCounts::executed), sum([](const Ledger& ledger) { return ledger.open(); }));
}

void LoadClient::flush() {
  for (const auto& session : sessions_) session->flush();
}

void LoadClient::log_in() {
  boost::system::error_code error;
  const asio::ip::address address = asio::ip::make_address(settings_.host, error);
  if (error) {
    problem_ = fmt::format("{}: {}", settings_.host, error.message());
    return;
  }
  for (const auto& session : sessions_) session->connect({address, settings_.port});
  const std::int64_t limit_ns = steady_ns() + settings_.login_limit_ns;
  const auto is_ready = [](const Session& s) { return s.state() == Session::State::Ready; };
  const auto is_open = [](const Session& s) { return s.state() != Session::State::Closed; };
  while (!all(is_ready) && all(is_open) && !stopping_ && steady_ns() < limit_ns) {
    work(limit_ns);
  }
  if (all(is_ready)) return;
  problem_ = "not all sessions could log in";
}

void LoadClient::send_all() {
  while (next_ < plan_.messages.size() && !stopping_) {
    const std::int64_t now_ns = steady_ns();
    for (int i = 0; i < kBatch && next_ < plan_.messages.size(); ++i) {
      const Message& message = plan_.messages[next_];
      const std::int64_t due_ns = start_ns_ + message.due_ns;
      if (due_ns > now_ns) break;
      by_index_[message.session]->send(message, due_ns);
      ++next_;
    }
    flush();
    if (next_ < plan_.messages.size()) work(start_ns_ + plan_.messages[next_].due_ns);
  }
}

// The last message of each session is a query: its answer says that the gate has processed all that
// came before. What the venue still has to say comes behind it; after a while without anything
// there is nothing more.
void LoadClient::settle() {
  const std::int64_t limit_ns = steady_ns() + settings_.drain_limit_ns;
  for (const auto& session : sessions_) session->send_barrier();
  const auto unanswered = [](const Ledger& ledger) {
    return ledger.unanswered_enters() + ledger.unanswered_controls();
  };
  const auto is_quiet = [&](const Session& s) {
    const std::int64_t quiet_ns = s.connections_lost() == 0 ? kQuietNs : kQuietAfterLossNs;
    return s.state() == Session::State::Closed || (s.is_settled() && unanswered(s.ledger()) == 0 &&
                                                   steady_ns() - s.last_received_ns() > quiet_ns);
  };
  flush();
  while (!all(is_quiet) && !stopping_) {
    if (steady_ns() > limit_ns) {
      problem_ = fmt::format("{} messages have no answer", sum(unanswered));
      return;
    }
    work(steady_ns() + kTickNs);
    flush();
  }
}

// What the queries list is looked at apart from what was heard. Where a connection was lost meanwhile,
// what its orders have become is awaited again, and listed anew.
void LoadClient::list_all() {
  const auto lost = [this] {
    std::uint64_t connections = 0;
    for (const JsonSession* session : json_sessions_) connections += session->connections_lost();
    return connections;
  };
  const auto is_settled = [](const Session& s) { return s.is_settled(); };
  std::uint64_t lost_before = 0;
  do {
    lost_before = lost();
    const std::int64_t limit_ns = steady_ns() + settings_.drain_limit_ns;
    for (JsonSession* session : json_sessions_) session->list_all();
    while (!all(is_settled) && !stopping_) {
      if (steady_ns() > limit_ns) {
        problem_ = "the queries at the end have no answer";
        return;
      }
      work(steady_ns() + kTickNs);
    }
    if (lost() != lost_before) settle();
  } while (lost() != lost_before && problem_.empty() && !stopping_);
  for (JsonSession* session : json_sessions_) session->close_books();
}

RunResult LoadClient::run() {
  RunResult outcome;
  log_in();
  if (problem_.empty()) {
    const std::int64_t wait_ns =
        settings_.start_at_ns == 0 ? kStartNs : settings_.start_at_ns - epoch_ns();
    if (wait_ns < kStartNs) outcome.late_ns = kStartNs - wait_ns;
    start_ns_ = steady_ns() + std::max(wait_ns, kStartNs);
    next_progress_ns_ = start_ns_;  // the first line says that it begins
    send_all();
    settle();
    if (problem_.empty()) list_all();
    if (stopping_ && problem_.empty()) problem_ = "stopped";
  }
  for (const auto& session : sessions_) {
    const Ledger& ledger = session->ledger();
    outcome.sessions.push_back({.user = session->user(),
                                .problem = session->problem(),
                                .counts = ledger.counts(),
                                .connections_lost = session->connections_lost(),
                                .next_number = ledger.next_number(),
                                .open = ledger.open(),
                                .unanswered_enters = ledger.unanswered_enters(),
                                .unanswered_replaces = ledger.unanswered_replaces(),
                                .unanswered_controls = ledger.unanswered_controls()});
    if (!session->problem().empty()) {
      problem_ += fmt::format("{}{}: {}", problem_.empty() ? "" : "; ", session->user(),
                              session->problem());
    }
  }
  for (std::size_t s = 0; s < json_sessions_.size(); ++s)
    outcome.sessions[s].listed = json_sessions_[s]->listed();
  outcome.problem = problem_;
  outcome.times = times_;
  for (const auto& session : sessions_) {
    if (session->last_handed_ns() == 0) continue;
    outcome.duration_ns = std::max(outcome.duration_ns, session->last_handed_ns() - start_ns_);
  }
  return outcome;
}

void LoadClient::hold() {
  const auto is_closed = [](const Session& s) { return s.state() == Session::State::Closed; };
  while (!all(is_closed) && !stopping_) work(steady_ns() + kTickNs);
  log_out();
}

void LoadClient::log_out() {
  for (const auto& session : sessions_) session->logout();
  if (json_sessions_.empty()) return;
  work_.reset();
  timer_.cancel();
  io_.run_for(std::chrono::nanoseconds(kLeaveNs));
}

}  // namespace portcullis::gateway::client
