// process.json: the settings of the process, fixed at start.
//
//   gateway     address (an IP address) and port where clients log in; connections_max, of them
//               unauthenticated_max that have not logged in, beyond which the oldest goes, and
//               connections_per_address_max from one address; login_attempts_max, failed ones of a
//               name or an address within login_window_ms, beyond which no login of it is looked at
//               for lockout_ms; waiting backoff, spin or block (ORDERLIFE 5); cores, where the
//               process's threads run, and may be left out: of shard, journal, streams, logins,
//               follower, edge, control, parameters and feeds (cores.h) each a core's number, a list
//               of them, or null, the default: where the process was started. They must be there
//               where the gate starts, not where the file is checked; times of the links:
//               heartbeat_ms, silence_timeout_ms, login_timeout_ms; slow_consumer_bytes, unsent,
//               that are kept for a client; cancel_working_orders_on_stop; overload_pass_us,
//               overload_calm_ms
//   edge        null, the default, where no session is a JSON client's; or address and port where
//               they connect; tls, null or certificate_file and private_key_file (PEM, its owner's
//               alone);
//               connections_max, of which none is kept for logins, so above what all sessions may
//               hold, connections_per_session_max each; frame_bytes_max of a message,
//               batch_max orders in one; requests_per_second_max of a connection; queue_commands,
//               orders on their way to the shard; send_buffer_bytes, unsent, above which a client is
//               disconnected; silence_timeout_ms without a frame, be it a ping or pong,
//               login_timeout_ms; order_history and
//               execution_history, closed orders and executions that are kept of an account;
//               recv_window_ms_max. The gateway's limits of failed logins and of connections of an
//               address are the edge's too, each counted by itself
//   control     null, the default, or the control plane (load_control.cpp)
//   venue       address and port, or, on the same machine, shared_memory with the path of a socket and
//               ring_bytes, a power of two (gateway/shm/LINK.md); user; password_env or password_file, in plain text, for there we are
//               the client: a file only its owner may read; firm (ours, for messages that
//               concern no account) and fence_symbol (of no instrument): the harmless message that
//               proves others dead; times as above, login_timeout_ms for the connect too;
//               reconnect_ms_min and _max of the back-off;
//               send_buffer_bytes; lost_session ask or orders_dead; unresolved void;
//               cancels_on_disconnect, whether the venue does; suspense_account for orders found
//               there that name none of ours, or null
//   journal     directory; ring_directory (best a tmpfs) or null, the same; ring_bytes, a power of
//               two; segment_bytes; disk_budget_bytes of all segments (0: no limit);
//               sync_interval_ms (0: only at the end); durability process or fsync;
//               snapshot_interval_ms between two snapshots of the state, which spare a start-up the
//               records before them (0: none); marker_interval_ms between two markers, at which the
//               state is compared with what the records make of it (0: none)
//   capacities  orders, positions, group_slots, trades: all that the engine will ever hold
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "config/load_control.h"
#include "config/load_steps.h"

namespace portcullis::config {

TlsSettings read_tls(const Loading& loading, JsonReader& in) {
  JsonReader tls = in.object("tls");
  return {read_path(loading, tls, "certificate_file"), read_path(loading, tls, "private_key_file")};
}

namespace {

LinkTimes read_times(JsonReader& in) {
  LinkTimes times;
  times.heartbeat_ns = read_ns(in, "heartbeat_ms", kNsPerMs, 10, 60'000);
  times.silence_ns = read_ns(in, "silence_timeout_ms", kNsPerMs, 20, 600'000);
  times.login_ns = read_ns(in, "login_timeout_ms", kNsPerMs, 10, 600'000);
  if (times.silence_ns != 0 && times.silence_ns < 2 * times.heartbeat_ns) {
    in.problem("silence_timeout_ms", "must be at least twice heartbeat_ms");
  }
  return times;
}

// A core, or a list of them, each once.
CoreSettings::Cores read_cores_of(const Loading& loading, JsonReader& in, std::string_view thread) {
  if (!in.has(thread) || in.null(thread)) return {};
  std::vector<std::int64_t> numbers;
  if (in.is_list(thread)) {
    const std::size_t problems = loading.problems.size();
    numbers = in.integers(thread, 0, CoreSettings::kCoreMax).value_or(numbers);
    if (numbers.empty() && loading.problems.size() == problems)
      in.problem(thread, "must not be empty");
  } else if (const auto number = in.integer(thread, 0, CoreSettings::kCoreMax)) {
    numbers.push_back(*number);
  }
  CoreSettings::Cores cores;
  for (const std::int64_t number : numbers) {
    const auto core = static_cast<std::uint32_t>(number);
    if (std::find(cores.begin(), cores.end(), core) == cores.end()) {
      cores.push_back(core);
    } else {
      in.problem(thread, fmt::format("names the core {} twice", core));
    }
  }
  return cores;
}

void read_cores(const Loading& loading, JsonReader in, CoreSettings& settings) {
  for (std::size_t thread = 0; thread < kThreadNames.size(); ++thread)
    settings.cores[thread] = read_cores_of(loading, in, kThreadNames[thread]);
}

void read_gateway(Loading& loading, JsonReader in) {
  GatewaySettings& gateway = loading.out.gateway;
  gateway.address = read_address(in);
  gateway.port = static_cast<std::uint16_t>(in.integer("port", 0, 65'535).value_or(0));
  gateway.connections_max =
      static_cast<std::uint32_t>(in.integer("connections_max", 1, 10'000).value_or(0));
  const auto count = [&](std::string_view key, std::int64_t most) {
    return static_cast<std::uint32_t>(in.integer(key, 1, most).value_or(0));
  };
  gateway.unauthenticated_max = count("unauthenticated_max", 10'000);
  gateway.connections_per_address_max = count("connections_per_address_max", 10'000);
  gateway.login_attempts_max = count("login_attempts_max", 1'000'000);
  gateway.login_window_ns = read_ns(in, "login_window_ms", kNsPerMs, 1, 86'400'000);
  gateway.lockout_ns = read_ns(in, "lockout_ms", kNsPerMs, 1, 86'400'000);
  gateway.waiting = in.choice<Waiting>("waiting", {{"backoff", Waiting::Backoff},
                                                   {"spin", Waiting::Spin},
                                                   {"block", Waiting::Block}})
                        .value_or(Waiting::Backoff);
  if (in.has("cores") && !in.null("cores")) read_cores(loading, in.object("cores"), gateway.cores);
  gateway.times = read_times(in);
  gateway.slow_consumer_bytes = in.integer("slow_consumer_bytes", 65'536, 1 << 30).value_or(0);
  gateway.cancel_working_orders_on_stop =
      in.boolean("cancel_working_orders_on_stop").value_or(false);
  gateway.overload_pass_ns = read_ns(in, "overload_pass_us", kNsPerUs, 1, 10'000'000);
  gateway.overload_calm_ns = read_ns(in, "overload_calm_ms", kNsPerMs, 1, 10'000);
}

void read_edge(Loading& loading, JsonReader in) {
  EdgeSettings& edge = loading.out.edge.emplace();
  const auto count = [&](std::string_view key, std::int64_t max) {
    return static_cast<std::uint32_t>(in.integer(key, 1, max).value_or(0));
  };
  edge.address = read_address(in);
  edge.port = static_cast<std::uint16_t>(in.integer("port", 0, 65'535).value_or(0));
  if (!in.null("tls")) edge.tls = read_tls(loading, in);
  edge.connections_max = count("connections_max", 10'000);
  edge.connections_per_session_max = count("connections_per_session_max", 10'000);
  edge.frame_bytes_max = in.integer("frame_bytes_max", 1'024, 1 << 20).value_or(0);
  edge.batch_max = count("batch_max", 1'000);
  edge.requests_per_second_max = count("requests_per_second_max", 1'000'000);
  edge.queue_commands = count("queue_commands", 1'000'000);
  edge.send_buffer_bytes = in.integer("send_buffer_bytes", 65'536, 1 << 30).value_or(0);
  edge.silence_ns = read_ns(in, "silence_timeout_ms", kNsPerMs, 20, 600'000);
  edge.login_ns = read_ns(in, "login_timeout_ms", kNsPerMs, 10, 600'000);
  edge.order_history = count("order_history", 1'000'000);
  edge.execution_history = count("execution_history", 1'000'000);
  edge.recv_window_ms_max = in.integer("recv_window_ms_max", 1, 60'000).value_or(0);
}

// A session that nobody could ever log in to is a mistake. A journal's configuration is what it was.
void need_edge(const Loading& loading, JsonReader& root) {
  if (loading.canonical) return;
  for (std::uint32_t s = 0; s < loading.out.sessions.size(); ++s) {
    if (loading.out.sessions[s].protocol != Protocol::Json) continue;
    root.problem("edge", fmt::format("must be there: the session {} is a JSON client's",
                                     loading.out.names.sessions.name({s})));
    return;
  }
}

SharedMemorySettings read_shared_memory(const Loading& loading, JsonReader in) {
  SharedMemorySettings memory;
  memory.path = read_path(loading, in, "path");
  memory.ring_bytes =
      static_cast<std::uint32_t>(in.integer("ring_bytes", 4'096, 1 << 30).value_or(4'096));
  if (!std::has_single_bit(memory.ring_bytes)) in.problem("ring_bytes", "must be a power of two");
  return memory;
}

void read_venue(Loading& loading, JsonReader in) {
  VenueSettings& venue = loading.out.venue;
  if (in.has("shared_memory")) {
    venue.shared_memory = read_shared_memory(loading, in.object("shared_memory"));
  } else {
    venue.address = read_address(in);
    venue.port = static_cast<std::uint16_t>(in.integer("port", 1, 65'535).value_or(0));
  }
  venue.user = in.text("user", 1, 6).value_or("");
  venue.password = read_password_source(loading, in, PasswordOf::Venue);
  venue.firm = padded<4>(in.text("firm", 1, 4).value_or(""));
  venue.fence_symbol = padded<8>(in.text("fence_symbol", 1, 8).value_or(""));
  venue.times = read_times(in);
  venue.reconnect_ns_min = read_ns(in, "reconnect_ms_min", kNsPerMs, 1, 600'000);
  venue.reconnect_ns_max = read_ns(in, "reconnect_ms_max", kNsPerMs, 1, 600'000);
  if (venue.reconnect_ns_max != 0 && venue.reconnect_ns_max < venue.reconnect_ns_min) {
    in.problem("reconnect_ms_max", "must not be less than reconnect_ms_min");
  }
  venue.send_buffer_bytes = in.integer("send_buffer_bytes", 65'536, 1 << 30).value_or(0);
  venue.lost_session =
      in.choice<LostSession>("lost_session",
                             {{"ask", LostSession::Ask}, {"orders_dead", LostSession::OrdersDead}})
          .value_or(LostSession::Ask);
  venue.unresolved = in.choice<Unresolved>("unresolved", {{"void", Unresolved::Void}}, {"resend"})
                         .value_or(Unresolved::Void);
  venue.cancels_on_disconnect = in.boolean("cancels_on_disconnect").value_or(false);
  if (!in.null("suspense_account")) {
    venue.suspense_account =
        in.reference("suspense_account", loading.out.names.accounts, "an account, or null")
            .value_or(risk::AccountIndex{});
  }
  for (std::size_t a = 0; a < loading.out.accounts.size(); ++a) {
    if (loading.out.accounts[a].firm != venue.firm || venue.firm == padded<4>("")) continue;
    in.problem("firm", "must not be that of an account, as it is of " +
                           loading.out.names.accounts.names()[a]);
  }
  for (std::size_t i = 0; i < loading.out.instruments.size(); ++i) {
    if (loading.out.instruments[i].venue.symbol != venue.fence_symbol) continue;
    if (venue.fence_symbol == padded<8>("")) continue;
    in.problem("fence_symbol", "must not be the venue symbol of an instrument, as it is of " +
                                   loading.out.names.instruments.names()[i]);
  }
}

void read_journal(Loading& loading, JsonReader in) {
  JournalSettings& journal = loading.out.journal;
  journal.directory = read_path(loading, in, "directory");
  if (!in.null("ring_directory")) {
    journal.ring_directory = read_path(loading, in, "ring_directory");
  }
  journal.ring_bytes = in.integer("ring_bytes", 1 << 20, std::int64_t{1} << 36).value_or(0);
  if ((journal.ring_bytes & (journal.ring_bytes - 1)) != 0) {
    in.problem("ring_bytes", "must be a power of two");
  }
  journal.segment_bytes =
      in.integer("segment_bytes", 1 << 20, (std::int64_t{1} << 32) - 1).value_or(0);
  journal.disk_budget_bytes = in.integer("disk_budget_bytes", 0, std::int64_t{1} << 50).value_or(0);
  if (journal.disk_budget_bytes != 0 && journal.disk_budget_bytes / 4 < journal.segment_bytes) {
    in.problem("disk_budget_bytes", "must be 0 (no limit) or at least four times segment_bytes");
  }
  journal.sync_interval_ns = read_ns(in, "sync_interval_ms", kNsPerMs, 0, 3'600'000);
  journal.durability =
      in.choice<Durability>("durability",
                            {{"process", Durability::Process}, {"fsync", Durability::Fsync}},
                            {"replicated"})
          .value_or(Durability::Process);
  journal.snapshot_interval_ns = read_ns(in, "snapshot_interval_ms", kNsPerMs, 0, 86'400'000);
  journal.marker_interval_ns = read_ns(in, "marker_interval_ms", kNsPerMs, 0, 86'400'000);
}

void read_capacities(Loading& loading, JsonReader in) {
  const auto count = [&](std::string_view key) {
    return static_cast<std::uint32_t>(in.integer(key, 1, 200'000'000).value_or(0));
  };
  risk::Capacities& capacities = loading.out.parameters.capacities;
  capacities.orders = count("orders");
  capacities.positions = count("positions");
  capacities.group_slots = count("group_slots");
  capacities.trades = count("trades");
  const std::uint32_t slots_max = risk::group_slots_max(loading.out.parameters);
  if (loading.margin_ok && capacities.group_slots > slots_max) {
    in.problem("group_slots",
               fmt::format("must be at most {} with the columns of margin.json", slots_max));
  }
}

}  // namespace

void load_process(Loading& loading, const Json& json) {
  JsonReader root(kProcessFile, json, loading.problems);
  read_gateway(loading, root.object("gateway"));
  if (root.has("edge") && !root.null("edge")) {
    read_edge(loading, root.object("edge"));
  } else {
    need_edge(loading, root);
  }
  if (root.has("control") && !root.null("control") && !root.is_object("control"))
    root.problem("control", "must be an object, or null");
  root.skip("control");  // load_control() reads it
  read_venue(loading, root.object("venue"));
  read_journal(loading, root.object("journal"));
  read_capacities(loading, root.object("capacities"));
}

}  // namespace portcullis::config
