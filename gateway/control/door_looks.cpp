// What is asked of the state, and answered from the engine that follows the journal.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "gateway/control/door.h"
#include "gateway/control/metrics.h"

namespace portcullis::gateway::control {

namespace {

constexpr std::uint32_t kAccountsMax = 200;  // in one look
constexpr std::uint32_t kOrdersMax = 1'000;
constexpr std::uint32_t kRejectsMax = 1'000;
constexpr std::uint32_t kAlertsMax = 1'000;
constexpr int kTries = 50;  // a pause each, so that commands wait for some milliseconds at most
constexpr std::int64_t kFiguresNs = risk::kSecondNs;  // between two looks of the shard at itself
constexpr std::int64_t kReadyNs = risk::kSecondNs / 10;
constexpr std::int64_t kAliveNs = 3 * risk::kSecondNs;  // a shard writes something each second

bool read_count(const edge::Query& query, std::string_view name, std::uint32_t most,
                std::uint32_t& count) {
  const std::string_view text = query.get(name);
  if (text.empty()) return true;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() && count >= 1 && count <= most;
}

bool read_flag(const edge::Query& query, std::string_view name, bool& flag) {
  const std::string_view text = query.get(name);
  flag = text == "true";
  return text.empty() || flag || text == "false";
}

template <class Index>
bool read_name(const edge::Query& query, std::string_view name,
               const config::SymbolTable<Index>& table, Index& index) {
  const std::string_view text = query.get(name);
  if (text.empty()) return true;
  index = table.find(text);
  return index.exists();
}

}  // namespace

struct ControlDoor::Asked {
  Verb verb = Verb::Status;
  risk::NodeIndex node{};
  risk::AccountIndex account{};
  risk::AccountIndex from{};
  std::uint32_t limit = 0;
  bool used_only = false;
  bool unacknowledged = false;
  feeds::FeedFigures feeds{};  // for metrics: the market may be waited for, and nobody else with it
};

// Empty, or what is wrong with the parameters.
std::string ControlDoor::read(Verb verb, const edge::Query& query, Asked& asked) const {
  asked.verb = verb;
  const config::Names& names = needs_.deployment.names;
  std::string_view unknown;
  std::uint32_t most = kOrdersMax;
  if (verb == Verb::Status || verb == Verb::Metrics) unknown = query.unknown({});
  if (verb == Verb::Limits) unknown = query.unknown({"node", "account", "used_only"});
  if (verb == Verb::Accounts) unknown = query.unknown({"node", "from", "limit"});
  if (verb == Verb::Account) unknown = query.unknown({"account", "limit"});
  if (verb == Verb::Rejects) unknown = query.unknown({"account", "limit"});
  if (verb == Verb::Alerts) unknown = query.unknown({"unacknowledged", "limit"});
  if (!unknown.empty()) return fmt::format("there is no parameter {}", unknown.substr(0, 32));
  asked.limit = 100;
  if (verb == Verb::Accounts) most = kAccountsMax;
  if (verb == Verb::Rejects) most = kRejectsMax;
  if (verb == Verb::Alerts) most = kAlertsMax;
  if (!read_count(query, "limit", most, asked.limit))
    return fmt::format("limit must be 1 to {}", most);
  if (!read_name(query, "node", names.nodes, asked.node)) return "there is no node of this name";
  if (!read_name(query, "account", names.accounts, asked.account))
    return "there is no account of this name";
  if (!read_name(query, "from", names.accounts, asked.from))
    return "from: there is no account of this name";
  if (!read_flag(query, "used_only", asked.used_only)) return "used_only must be true or false";
  if (!read_flag(query, "unacknowledged", asked.unacknowledged))
    return "unacknowledged must be true or false";
  if (verb == Verb::Account && !asked.account.exists()) return "account must be there";
  if (verb == Verb::Limits && asked.account.exists() && asked.node.exists())
    return "node and account cannot both be there";
  if (!asked.node.exists()) asked.node = {0};  // the venue
  return "";
}

edge::HttpReply ControlDoor::look(Verb verb, const edge::Query& query, std::int64_t now_ns) {
  Asked asked;
  if (const std::string problem = read(verb, query, asked); !problem.empty()) {
    ++counters_.malformed;
    return refuse(400, "bad_request", problem);
  }
  if (verb == Verb::Rejects) return list_rejects(asked);
  if (verb == Verb::Metrics && needs_.feeds) asked.feeds = needs_.feeds();
  json::Buffer buffer;
  if (!look_soon([&](gate::Gate& gate) { write(asked, gate, now_ns, buffer); })) return busy();
  edge::HttpReply reply{.body = fmt::to_string(buffer)};
  if (verb == Verb::Metrics) reply.content_type = kMetricsType;
  return reply;
}

template <class F>
bool ControlDoor::look_soon(F&& f) const {
  for (int tries = 0; tries < kTries; ++tries) {
    if (tries != 0) needs_.pause();
    if (needs_.look(f)) return true;
  }
  return false;
}

// The shard knows of no warnings: it writes down what the follower has seen standing here.
std::optional<edge::HttpReply> ControlDoor::refuse_alert(const Command& command) {
  const follower::AlertId id{.record = command.acknowledge.raised_by,
                             .place = command.acknowledge.place};
  bool stands = false;
  const bool is_seen = look_soon([&](gate::Gate&) {
    const follower::Alert* const alert =
        needs_.warnings != nullptr ? needs_.warnings->find(id) : nullptr;
    stands = alert != nullptr && alert->acknowledged_ns == 0;
  });
  if (!is_seen) return busy();
  if (stands) return std::nullopt;
  return refuse(409, "nothing_to_decide", "no such alert waits to be acknowledged");
}

void ControlDoor::write(const Asked& asked, gate::Gate& gate, std::int64_t now_ns,
                        json::Buffer& buffer) {
  json::Writer out(buffer);
  if (asked.verb == Verb::Status) {
    write_status(out, values_, gate, process_figures(now_ns), now_ns);
    return;
  }
  if (asked.verb == Verb::Metrics) {
    ProcessFigures process = process_figures(now_ns);
    process.feeds = asked.feeds;
    buffer.append(metrics_text(values_, gate, process, counters_, now_ns));
    return;
  }
  const auto changes = changes_now();
  out.begin_object().number("sequence", static_cast<std::int64_t>(needs_.follower_sequence()));
  if (asked.verb == Verb::Alerts) {
    write_alerts(out, values_, needs_.warnings, asked.unacknowledged, asked.limit);
  } else if (asked.verb == Verb::Account) {
    write_account(out, values_, gate, asked.account, asked.limit, now_ns);
  } else if (asked.verb == Verb::Accounts) {
    const risk::AccountIndex next =
        write_accounts(out, values_, gate, asked.node, asked.from, asked.limit, now_ns);
    out.text_or_null("next", values_.records().name(next));
  } else if (asked.account.exists()) {
    write_limits(out, values_, gate, asked.account, asked.used_only, changes.get(), breakdown_,
                 now_ns);
  } else {
    write_limits(out, values_, gate, asked.node, asked.used_only, changes.get());
  }
  out.end_object();
}

// Newest first.
edge::HttpReply ControlDoor::list_rejects(const Asked& asked) const {
  json::Buffer buffer;
  json::Writer out(buffer);
  out.begin_object().key("rejects").begin_list();
  std::uint32_t written = 0;
  const std::deque<Reject>& rejects = history_.rejects();
  for (auto reject = rejects.rbegin(); reject != rejects.rend() && written < asked.limit;
       ++reject) {
    if (asked.account.exists() && reject->account != asked.account) continue;
    write_reject(out, values_, *reject);
    ++written;
  }
  out.end_list().end_object();
  return {.body = fmt::to_string(buffer)};
}

// --- the process

ProcessFigures ControlDoor::process_figures(std::int64_t now_ns) const {
  std::optional<std::uint64_t> orders_waiting;
  if (needs_.orders_waiting) orders_waiting = needs_.orders_waiting();
  return {.journal = needs_.journal(),
          .shard_answers = now_ns - std::max(figures_at_ns_, published_at_ns_) < kAliveNs,
          .follower_sequence = needs_.follower_sequence(),
          .audit = needs_.audit(),
          .commands_waiting = needs_.queue.commands.waiting(),
          .questions_waiting = needs_.queue.questions.waiting(),
          .orders_waiting = orders_waiting,
          .shard = figures_at_ns_ != 0 ? &figures_ : nullptr,
          .sweeps = needs_.sweeps,
          .warnings = needs_.warnings,
          .changes = changes_now()};
}

void ControlDoor::look_whether_ready(std::int64_t now_ns) {
  const std::uint64_t published = needs_.journal().published;
  if (published != published_) published_at_ns_ = now_ns;
  published_ = published;
  if (now_ns < next_ready_ns_) return;
  next_ready_ns_ = now_ns + kReadyNs;
  const ProcessFigures process = process_figures(now_ns);
  // While there is no look, the last one holds as long as the shard answers.
  if (!process.shard_answers) is_ready_ = false;
  (void)needs_.look([&](gate::Gate& gate) {
    is_ready_ = not_ready(gate, process).empty();
    tell_sweeps(gate, now_ns);
    tell_warnings(now_ns);
  });
}

// In the order in which they have ended.
void ControlDoor::tell_sweeps(gate::Gate& gate, std::int64_t now_ns) {
  if (needs_.sweeps == nullptr || needs_.sweeps->ended() == sweeps_told_) return;
  std::vector<follower::SweepLook> sweeps = needs_.sweeps->look(gate);
  std::ranges::sort(sweeps, {}, [](const auto& sweep) { return sweep.figures.place; });
  told_at_ns_ = now_ns;
  for (const follower::SweepLook& sweep : sweeps) {
    if (sweep.figures.place <= sweeps_told_) continue;
    json::Buffer buffer;
    json::Writer out(buffer);
    out.begin_object()
        .text("event", name_of(EventKind::Control))
        .text("what", "sweep_ended")
        .number("sequence", static_cast<std::int64_t>(sweep.figures.sequence))
        .number("time_ns", sweep.figures.ended_ns)
        .key("sweep");
    write_sweep(out, values_, sweep);
    out.end_object();
    tell(EventKind::Control, fmt::to_string(buffer));
  }
  sweeps_told_ = needs_.sweeps->ended();
}

// In their order. Those that are no longer kept are told as missed.
void ControlDoor::tell_warnings(std::int64_t now_ns) {
  if (needs_.warnings == nullptr || needs_.warnings->noticed() == warnings_told_) return;
  const std::deque<follower::Notice>& notices = needs_.warnings->notices();
  const std::uint64_t untold = needs_.warnings->noticed() - warnings_told_;
  const std::uint64_t kept = std::min<std::uint64_t>(untold, notices.size());
  told_at_ns_ = now_ns;
  if (kept < untold)
    tell(EventKind::Warning, fmt::format(R"({{"event":"missed","count":{}}})", untold - kept));
  for (auto notice = notices.end() - static_cast<std::ptrdiff_t>(kept); notice != notices.end();
       ++notice) {
    const bool is_margin = notice->kind == follower::NoticeKind::MarginState;
    const EventKind kind = is_margin ? EventKind::Margin : EventKind::Warning;
    json::Buffer buffer;
    json::Writer out(buffer);
    out.begin_object()
        .text("event", name_of(kind))
        .text("what", name_of(notice->kind))
        .number("sequence", static_cast<std::int64_t>(notice->sequence))
        .number("time_ns", notice->time_ns);
    if (is_margin) {
      write_margin_change(out, values_, *notice);
    } else {
      out.key("alert");
      write_alert(out, values_, notice->alert);
    }
    out.end_object();
    tell(kind, fmt::to_string(buffer));
  }
  warnings_told_ = needs_.warnings->noticed();
}

void ControlDoor::ask_figures(std::int64_t now_ns) {
  if (figures_asked_ || !taking_ || now_ns < next_figures_ns_) return;
  Question question;
  question.figures = &asked_figures_;
  if (!needs_.queue.questions.ask(question)) return;
  needs_.queue.wake();
  figures_asked_ = true;
  next_figures_ns_ = now_ns + kFiguresNs;
}

}  // namespace portcullis::gateway::control
