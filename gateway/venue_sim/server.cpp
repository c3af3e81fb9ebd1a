#include "gateway/venue_sim/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <deque>
#include <fstream>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>

#include "gateway/journal/stream_index.h"
#include "gateway/shm/link.h"
#include "gateway/soup/server_connection.h"
#include "gateway/venue_sim/pipe.h"

namespace portcullis::gateway::venue_sim {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using local = asio::local::stream_protocol;
using boost::system::error_code;
using std::chrono::steady_clock;

std::int64_t steady_ns() {
  return std::chrono::nanoseconds(steady_clock::now().time_since_epoch()).count();
}
std::uint64_t epoch_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count());
}
steady_clock::time_point time_point(std::int64_t steady) {
  return steady_clock::time_point(std::chrono::nanoseconds(steady));
}

// Counted by the server since it started, beside what the engine counts since the journal began.
struct LinkCounts {
  std::uint64_t connections = 0;
  std::uint64_t logins = 0;
  std::uint64_t logins_rejected = 0;
  std::uint64_t logins_superseded = 0;  // by a newer login of the same user
  std::uint64_t malformed = 0;          // unsequenced data that are no OUCH message
  std::uint64_t protocol_errors = 0;
  std::uint64_t dropped = 0;  // by the fault
};

class Server;

// One connection. Its handlers keep it alive; close() lets the last of them go.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Server& server, asio::io_context& io, std::unique_ptr<Pipe> pipe);

  void start();
  void close();
  // Queues what of the session's stream may leave now, and writes.
  void pump();

 private:
  void read();
  void handle_events();
  void handle_login(const soup::LoginRequest& login);
  void drop();
  void write();
  void watch_clock();
  void pump_later(std::int64_t when_ns);
  // These queue messages from next_ on: false when there is no room for all.
  bool fill();
  bool queue_old(std::uint64_t through);
  bool queue(std::span<const std::byte> payload);

  Server& server_;
  const std::unique_ptr<Pipe> pipe_;
  soup::ServerConnection soup_;
  asio::steady_timer clock_timer_;
  asio::steady_timer pump_timer_;
  bool closed_ = false;
  bool waiting_to_write_ = false;
  bool pump_is_due_ = false;  // the timer is set
  std::optional<SessionIndex> session_;
  std::uint64_t next_ = 1;  // in the session's stream: the first message that is not queued yet
  std::unique_ptr<journal::StreamReader> old_messages_;
};

// A session's stream as the faults let it be seen.
struct Stream {
  struct Release {
    std::uint64_t end = 0;  // messages below this may leave at
    std::int64_t when_ns = 0;
  };
  std::shared_ptr<Connection> connection;  // the newest login
  std::uint64_t released = 1;              // messages below this may leave
  std::deque<Release> later;
};

class Server {
 public:
  explicit Server(const VenueOptions& options);

  int run(std::ostream& out);

  std::optional<SessionIndex> find_user(const soup::LoginRequest& login) const;
  void take_over(SessionIndex session, std::shared_ptr<Connection> connection);
  void forget(SessionIndex session, const Connection& connection);

  // Applies the payload and lets other sessions' messages go. True when the link is to be dropped
  // now.
  bool apply(SessionIndex session, std::span<const std::byte> payload);

  // The first message of the stream that may not leave yet; sets `when_ns` to when it may, if that
  // is known.
  std::uint64_t stream_end(SessionIndex session, std::optional<std::int64_t>& when_ns);

  const VenueOptions& options() const { return options_; }
  DurableEngine& engine() { return engine_; }
  LinkCounts& counts() { return counts_; }

 private:
  void accept();
  void accept_memory();
  void hear_memory(const std::shared_ptr<local::socket>& socket);
  void wait_for_signal();
  void write_stats() const;

  const VenueOptions& options_;
  DurableEngine engine_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  std::optional<local::acceptor> memory_door_;  // none: nobody is served over shared memory
  asio::signal_set signals_;
  std::vector<Stream> streams_;
  LinkCounts counts_;
};

// --- Connection

Connection::Connection(Server& server, asio::io_context& io, std::unique_ptr<Pipe> pipe)
    : server_(server),
      pipe_(std::move(pipe)),
      soup_(soup::LinkSettings{}, steady_ns()),
      clock_timer_(io),
      pump_timer_(io) {}

void Connection::start() {
  read();
  watch_clock();
}

// Closing with unread bytes resets the connection: they are never processed.
void Connection::close() {
  if (closed_) return;
  closed_ = true;
  pipe_->close();
  clock_timer_.cancel();
  pump_timer_.cancel();
  if (session_) server_.forget(*session_, *this);
}

void Connection::read() {
  while (!closed_) {
    const std::ptrdiff_t got = pipe_->read(soup_.input());
    if (got < 0) return close();
    if (got == 0) break;
    soup_.received(static_cast<std::size_t>(got), steady_ns());
    handle_events();
    pump();
  }
  if (!closed_) pipe_->when_readable([this, self = shared_from_this()] { read(); });
}

void Connection::handle_events() {
  using Type = soup::ServerEvent::Type;
  while (!closed_) {
    const soup::ServerEvent event = soup_.next_event();
    switch (event.type) {
      case Type::None:
        return;
      case Type::LoginRequest:
        handle_login(event.login);
        break;
      case Type::UnsequencedData:
        if (server_.apply(*session_, event.payload)) drop();
        break;
      case Type::Debug:
        break;
      case Type::Logout:
        return close();
      case Type::Error:
        ++server_.counts().protocol_errors;
        return close();
    }
  }
}

void Connection::handle_login(const soup::LoginRequest& login) {
  const std::optional<SessionIndex> user = server_.find_user(login);
  const auto refuse = [&](soup::LoginRejectReason reason) {
    ++server_.counts().logins_rejected;
    if (!soup_.reject_login(reason)) close();
  };
  if (!user) return refuse(soup::LoginRejectReason::NotAuthorized);
  const std::string name = server_.engine().session_name(*user);
  const std::uint64_t stream_next =
      server_.engine().journal().stream_next(static_cast<std::uint16_t>(*user));
  if ((!login.session.empty() && login.session != name) || login.sequence > stream_next) {
    return refuse(soup::LoginRejectReason::SessionNotAvailable);
  }
  ++server_.counts().logins;
  session_ = *user;
  next_ = login.sequence == 0 ? stream_next : login.sequence;
  server_.take_over(*user, shared_from_this());
  if (!soup_.accept_login(name, next_)) close();
}

// The fault. What is not yet written is lost, or all but the last byte of it leaves.
void Connection::drop() {
  ++server_.counts().dropped;
  if (server_.options().link_faults.drop_mid_frame) {
    fill();
    const std::span<const std::byte> output = soup_.output();
    if (!output.empty()) (void)pipe_->write(output.first(output.size() - 1));
  }
  close();
}

void Connection::pump() {
  bool room = false;
  while (!closed_ && !room) {
    room = fill();
    write();
    if (!soup_.output().empty()) return;  // write() goes on when the socket does
  }
  if (!closed_ && soup_.is_done()) close();
}

// A message is in the ring, in the segments, or for a moment in neither's reach: too old for the
// one and not yet flushed to the other.
bool Connection::fill() {
  if (!session_ || !soup_.is_active()) return true;
  std::optional<std::int64_t> more_at;
  const std::uint64_t end = server_.stream_end(*session_, more_at);
  const auto stream = static_cast<std::uint16_t>(*session_);
  const journal::Journal& journal = server_.engine().journal();
  std::span<const std::byte> payload;
  while (next_ < end) {
    if (journal.recent(stream, next_, payload)) {
      if (!queue(payload)) return false;
    } else if (next_ <= journal.stream_flushed(stream)) {
      if (!queue_old(std::min(end - 1, journal.stream_flushed(stream)))) return false;
    } else {
      more_at = steady_ns() + 1'000'000;
      break;
    }
  }
  if (more_at) pump_later(*more_at);
  return true;
}

bool Connection::queue_old(std::uint64_t through) {
  const auto stream = static_cast<std::uint16_t>(*session_);
  if (!old_messages_) {
    old_messages_ =
        std::make_unique<journal::StreamReader>(server_.options().journal_directory, stream);
  }
  if (old_messages_->read(next_, through) != journal::ReadStatus::Record) {
    throw std::runtime_error(fmt::format("venue: message {} of stream {} cannot be read: {}", next_,
                                         stream, old_messages_->error()));
  }
  for (const journal::StreamMessage& message : old_messages_->messages()) {
    if (!queue(message.payload)) return false;
  }
  return true;
}

bool Connection::queue(std::span<const std::byte> payload) {
  if (!soup_.send_sequenced(payload)) return false;
  ++next_;
  return true;
}

void Connection::pump_later(std::int64_t when_ns) {
  if (pump_is_due_) return;
  pump_is_due_ = true;
  pump_timer_.expires_at(time_point(when_ns));
  pump_timer_.async_wait([this, self = shared_from_this()](error_code error) {
    pump_is_due_ = false;
    if (!error) pump();
  });
}

// Not asio's own write: the output may move while that would wait.
void Connection::write() {
  while (!closed_ && !waiting_to_write_ && !soup_.output().empty()) {
    const std::ptrdiff_t put = pipe_->write(soup_.output());
    if (put < 0) {
      close();
    } else if (put > 0) {
      soup_.sent(static_cast<std::size_t>(put));
    } else {
      waiting_to_write_ = true;
      pipe_->when_writable([this, self = shared_from_this()] {
        waiting_to_write_ = false;
        pump();
      });
    }
  }
}

// At least once in a heartbeat, because the deadline comes nearer with the login and when the
// output has drained.
void Connection::watch_clock() {
  const std::int64_t at_the_latest = steady_ns() + soup::LinkSettings{}.heartbeat_ns;
  clock_timer_.expires_at(time_point(std::min(soup_.deadline_ns(), at_the_latest)));
  clock_timer_.async_wait([this, self = shared_from_this()](error_code error) {
    if (closed_ || error) return;
    soup_.on_time(steady_ns());
    handle_events();
    pump();
    if (!closed_) watch_clock();
  });
}

// --- Server

std::vector<ouch::Symbol> padded_symbols(const std::vector<std::string>& names) {
  std::vector<ouch::Symbol> symbols;
  for (const std::string& name : names) {
    ouch::Symbol& symbol = symbols.emplace_back();
    symbol.fill(' ');
    if (name.empty() || name.size() > symbol.size()) {
      throw std::runtime_error(fmt::format("venue: symbol \"{}\" has not 1 to 8 characters", name));
    }
    name.copy(symbol.data(), symbol.size());
  }
  return symbols;
}

DurableEngineOptions engine_options(const VenueOptions& options) {
  if (options.users.empty() || options.users.size() > 36) {
    throw std::runtime_error("venue: there must be 1 to 36 users");
  }
  DurableEngineOptions engine;
  engine.journal.directory = options.journal_directory;
  engine.journal.ring_bytes = options.ring_bytes;
  engine.journal.segment_bytes = 16'777'216;  // two are preallocated
  engine.session_count = static_cast<std::uint32_t>(options.users.size());
  engine.faults = options.faults;
  engine.symbols = padded_symbols(options.symbols);
  return engine;
}

Server::Server(const VenueOptions& options)
    : options_(options),
      engine_(engine_options(options), epoch_ns()),
      acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), options.port)),
      signals_(io_, SIGTERM, SIGINT, SIGUSR1),
      streams_(options.users.size()) {
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    streams_[i].released = engine_.journal().stream_next(static_cast<std::uint16_t>(i));
  }
  if (options.memory_socket.empty()) return;
  const int door = ::dup(shm::listen_at(options.memory_socket).get());
  memory_door_.emplace(io_, asio::local::stream_protocol(), door);
}

int Server::run(std::ostream& out) {
  accept();
  accept_memory();
  wait_for_signal();
  out << "listening on " << acceptor_.local_endpoint().port() << std::endl;
  io_.run();
  write_stats();
  return engine_.close() ? 0 : 1;
}

void Server::accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error) {
      ++counts_.connections;
      std::make_shared<Connection>(*this, io_, pipe_over(std::move(socket)))->start();
    }
    accept();
  });
}

// A gate on this machine connects, and then says which memory it has made.
void Server::accept_memory() {
  if (!memory_door_) return;
  memory_door_->async_accept([this](error_code error, local::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error) hear_memory(std::make_shared<local::socket>(std::move(socket)));
    accept_memory();
  });
}

void Server::hear_memory(const std::shared_ptr<local::socket>& socket) {
  socket->async_wait(local::socket::wait_read, [this, socket](error_code error) {
    if (error) return;
    error_code failed;
    journal::Fd taken(socket->release(failed));
    if (failed) return;
    shm::Link link;
    const std::optional<std::string> answer = link.accept(taken);
    if (!answer || !answer->empty()) {
      ++counts_.protocol_errors;
      return;
    }
    ++counts_.connections;
    std::make_shared<Connection>(*this, io_, pipe_over(io_, std::move(link)))->start();
  });
}

void Server::wait_for_signal() {
  signals_.async_wait([this](error_code error, int signal) {
    if (error) return;
    if (signal != SIGUSR1) return io_.stop();
    write_stats();
    wait_for_signal();
  });
}

std::optional<SessionIndex> Server::find_user(const soup::LoginRequest& login) const {
  for (std::size_t i = 0; i < options_.users.size(); ++i) {
    const VenueUser& user = options_.users[i];
    if (user.name == login.username && user.password == login.password) {
      return static_cast<SessionIndex>(i);
    }
  }
  return std::nullopt;
}

void Server::take_over(SessionIndex session, std::shared_ptr<Connection> connection) {
  const std::shared_ptr<Connection> old =
      std::exchange(streams_[session].connection, std::move(connection));
  if (!old) return;
  ++counts_.logins_superseded;
  old->close();
}

void Server::forget(SessionIndex session, const Connection& connection) {
  if (streams_[session].connection.get() == &connection) streams_[session].connection.reset();
}

bool Server::apply(SessionIndex session, std::span<const std::byte> payload) {
  if (!engine_.apply(session, epoch_ns(), payload)) {
    ++counts_.malformed;
    return false;
  }
  for (SessionIndex i = 0; i < streams_.size(); ++i) {
    Stream& stream = streams_[i];
    const std::uint64_t end = engine_.journal().stream_next(static_cast<std::uint16_t>(i));
    const std::uint64_t known = stream.later.empty() ? stream.released : stream.later.back().end;
    if (end == known) continue;
    if (options_.link_faults.delay.count() == 0) {
      stream.released = end;
    } else {
      const std::chrono::nanoseconds delay = options_.link_faults.delay;
      stream.later.push_back({end, steady_ns() + delay.count()});
    }
    // The session's own connection pumps once for all that it has read.
    const std::shared_ptr<Connection> other = stream.connection;
    if (i != session && other) other->pump();
  }
  const std::uint32_t every = options_.link_faults.drop_every;
  return every != 0 && engine_.engine().counts().messages % every == 0;
}

std::uint64_t Server::stream_end(SessionIndex session, std::optional<std::int64_t>& when_ns) {
  Stream& stream = streams_[session];
  const std::int64_t now = stream.later.empty() ? 0 : steady_ns();
  while (!stream.later.empty() && stream.later.front().when_ns <= now) {
    stream.released = stream.later.front().end;
    stream.later.pop_front();
  }
  if (!stream.later.empty()) when_ns = stream.later.front().when_ns;
  return stream.released;
}

void Server::write_stats() const {
  if (options_.stats_file.empty()) return;
  const Counts c = engine_.engine().counts();
  std::filesystem::path fresh = options_.stats_file;
  fresh += ".new";
  std::ofstream(fresh)
      << fmt::format(
             R"({{"messages": {}, "ignored": {}, "accepted": {}, "replaced": {}, "rejected": {}, )"
             R"("executed": {}, "canceled": {}, "aiq_canceled": {}, "broken": {}, "trades": {}, )"
             R"("volume": {}, "open": {}, "connections": {}, "logins": {}, "logins_rejected": {}, )"
             R"("logins_superseded": {}, "malformed": {}, "protocol_errors": {}, "dropped": {}}})",
             c.messages, c.ignored, c.accepted, c.replaced, c.rejected, c.executed, c.canceled,
             c.aiq_canceled, c.broken, c.trades, c.volume, c.open, counts_.connections,
             counts_.logins, counts_.logins_rejected, counts_.logins_superseded, counts_.malformed,
             counts_.protocol_errors, counts_.dropped)
      << '\n';
  std::filesystem::rename(fresh, options_.stats_file);
}

}  // namespace

int run_venue(const VenueOptions& options, std::ostream& out) { return Server(options).run(out); }

}  // namespace portcullis::gateway::venue_sim
