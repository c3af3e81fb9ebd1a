#include "feeds/live/conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "feeds/live/venue_words.h"
#include "risk/types.h"

namespace portcullis::feeds {

namespace {

constexpr std::size_t kSymbolMax = 64;
// A request target is bounded everywhere; and so is what a venue takes of one connection.
constexpr std::size_t kTopicsInPathMax = 200;
constexpr std::int64_t kErrorAgainNs = 1'000'000'000;

bool is_plain_word(std::string_view text) {
  return !text.empty() && text.size() <= kSymbolMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

// The lists of symbols, by the kind of update that is wanted of them.
struct SymbolList {
  UpdateKind kind = UpdateKind::Ticker;
  std::string_view name;
  const std::vector<std::string>& symbols;
};
std::array<SymbolList, 3> lists_of(const ConversationSettings& settings) {
  return {{{UpdateKind::Ticker, "symbols", settings.symbols},
           {UpdateKind::Book, "books", settings.books},
           {UpdateKind::Trade, "trades", settings.trades}}};
}

std::string problem_of_list(const SymbolList& list, const ConversationSettings& settings) {
  if (!list.symbols.empty() && list.kind != UpdateKind::Ticker &&
      settings.dialect != Dialect::Binance) {
    return fmt::format("{}: only Binance has them apart", list.name);
  }
  if (list.symbols.size() > settings.limits.symbols_max) {
    return fmt::format("{}: more than {}", list.name, settings.limits.symbols_max);
  }
  for (const std::string& symbol : list.symbols) {
    if (!is_plain_word(symbol)) return fmt::format("{}: {} is none", list.name, symbol);
  }
  std::vector<std::string> sorted = list.symbols;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice == sorted.end()) return {};
  return fmt::format("{}: {} is there twice", list.name, *twice);
}

std::string problem_of_names(const ConversationSettings& settings) {
  std::size_t topics = 0;
  for (const SymbolList& list : lists_of(settings)) {
    topics += list.symbols.size();
    std::string problem = problem_of_list(list, settings);
    if (!problem.empty()) return problem;
  }
  if (topics == 0) return "symbols: there are none";
  if (settings.dialect == Dialect::Bybit
          ? !settings.interval.empty()
          : !settings.interval.empty() && !is_plain_word(settings.interval)) {
    return fmt::format("interval: {} is none", settings.interval);
  }
  if (settings.dialect == Dialect::Deribit && settings.interval.empty()) {
    return "interval: is missing";
  }
  if (!settings.topics_in_path) return {};
  if (settings.dialect != Dialect::Binance) return "topics_in_path: only Binance has it";
  if (topics > kTopicsInPathMax) {
    return fmt::format("symbols: more than {} topics do not go into a path", kTopicsInPathMax);
  }
  return {};
}

}  // namespace

std::string problem_of(const ConversationSettings& settings) {
  struct Named {
    std::string_view name;
    std::int64_t value;
  };
  const Named times[] = {{"connect_ns", settings.connect_ns},
                         {"reply_ns", settings.reply_ns},
                         {"silence_ns", settings.silence_ns},
                         {"updates_silence_ns", settings.updates_silence_ns},
                         {"snapshot_ns", settings.snapshot_ns},
                         {"resubscribe_ns", settings.resubscribe_ns},
                         {"refused_again_ns", settings.refused_again_ns},
                         {"back_off_first_ns", settings.back_off_first_ns},
                         {"back_off_cap_ns", settings.back_off_cap_ns}};
  for (const Named& time : times) {
    if (time.value <= 0 || time.value > risk::kDayNs) {
      return fmt::format("{}: {} is not within 1 ns and a day", time.name, time.value);
    }
  }
  if (settings.back_off_first_ns > settings.back_off_cap_ns) {
    return "back_off_first_ns: is above back_off_cap_ns";
  }
  return problem_of_names(settings);
}

Conversation::Conversation(const ConversationSettings& settings, Link& link, Listener listener,
                           std::uint64_t seed)
    : settings_(settings),
      link_(link),
      listener_(std::move(listener)),
      decoder_(settings.dialect, settings.limits),
      back_off_(settings.back_off_first_ns, settings.back_off_cap_ns, seed) {
  for (const SymbolList& list : lists_of(settings)) {
    for (const std::string& symbol : list.symbols) {
      topics_.push_back({.name = topic_of(settings.dialect, symbol, list.kind, settings.interval),
                         .symbol = symbol});
    }
  }
}

std::vector<std::string_view> Conversation::topics() const {
  std::vector<std::string_view> names;
  names.reserve(topics_.size());
  for (const Topic& topic : topics_) names.push_back(topic.name);
  return names;
}

// --- the connection

void Conversation::enter(SourceState state, bool is_problem, std::string_view text) {
  state_ = state;
  if (is_problem) last_error_ = text;
  listener_.on_event(state, is_problem, text);
}

void Conversation::problem(std::string text) {
  last_error_ = std::move(text);
  listener_.on_event(state_, true, last_error_);
}

void Conversation::start(std::int64_t now_ns) {
  if (state_ == SourceState::Stopped) connect(now_ns);
}

void Conversation::stop(std::int64_t) {
  if (state_ == SourceState::Stopped) return;
  if (state_ != SourceState::Waiting) link_.close();
  is_open_ = false;
  request_.reset();
  back_off_.reset();
  enter(SourceState::Stopped, false, "stopped");
}

void Conversation::connect(std::int64_t now_ns) {
  ++counters_.attempts;
  is_open_ = false;
  request_.reset();
  connect_due_ns_ = now_ns + settings_.connect_ns;
  live_since_ns_ = kNever;
  enter(SourceState::Connecting, false, "connecting");
  link_.open();
}

void Conversation::lose(std::string_view why, std::int64_t now_ns) {
  link_.close();
  wait(why, now_ns);
}

void Conversation::wait(std::string_view why, std::int64_t now_ns) {
  ++counters_.failures;
  is_open_ = false;
  request_.reset();
  if (live_since_ns_ != kNever && now_ns - live_since_ns_ >= settings_.back_off_cap_ns) {
    back_off_.reset();
  }
  const std::int64_t wait_ns = back_off_.next();
  retry_at_ns_ = now_ns + wait_ns;
  enter(SourceState::Waiting, true, why);
}

void Conversation::on_open(std::int64_t now_ns) {
  if (state_ != SourceState::Connecting || is_open_) return;
  is_open_ = true;
  heard_ns_ = updated_ns_ = now_ns;
  has_pinged_ = false;
  decoder_.connected();
  std::string hello = greeting(settings_.dialect, next_id_);
  if (!hello.empty()) {
    ++next_id_;
    link_.send(std::move(hello));
  }
  const std::int64_t interval_ns = ping_interval_ns(settings_.dialect);
  ping_at_ns_ = interval_ns == 0 ? kNever : now_ns + interval_ns;
  for (Topic& topic : topics_) {
    topic.state = TopicState::Wanted;
    topic.ask_at_ns = now_ns;
    topic.alone = false;
    if (!settings_.topics_in_path) continue;
    mark_asked(topic, now_ns);
    topic.state = TopicState::Subscribed;
  }
  ask_at_ns_ = now_ns;
  if (settings_.topics_in_path) {
    after_answer(now_ns);
  } else {
    ask(now_ns);
  }
}

void Conversation::on_closed(std::string_view why, std::int64_t now_ns) {
  if (state_ == SourceState::Connecting || state_ == SourceState::Live) wait(why, now_ns);
}

void Conversation::on_control(std::int64_t now_ns) {
  heard_ns_ = now_ns;
  has_pinged_ = false;
}

// --- time

void Conversation::step(std::int64_t now_ns) {
  switch (state_) {
    case SourceState::Stopped:
      return;
    case SourceState::Waiting:
      if (now_ns >= retry_at_ns_) connect(now_ns);
      return;
    case SourceState::Connecting:
    case SourceState::Live:
      break;
  }
  if (!is_open_) {
    if (now_ns >= connect_due_ns_) {
      lose(fmt::format("no connection within {} ms: {}", settings_.connect_ns / 1'000'000,
                       link_.stage()),
           now_ns);
    }
    return;
  }
  if (now_ns - heard_ns_ >= settings_.silence_ns) {
    ++counters_.silences;
    lose(fmt::format("nothing came for {} ms", (now_ns - heard_ns_) / 1'000'000), now_ns);
    return;
  }
  if (now_ns - updated_ns_ >= settings_.updates_silence_ns) {
    ++counters_.silences;
    lose(fmt::format("no price came for {} ms", (now_ns - updated_ns_) / 1'000'000), now_ns);
    return;
  }
  if (request_ && now_ns >= request_->due_ns) {
    lose(fmt::format("no reply to a subscription within {} ms", settings_.reply_ns / 1'000'000),
         now_ns);
    return;
  }
  if (!has_pinged_ && now_ns - heard_ns_ >= settings_.silence_ns / 2) {
    has_pinged_ = true;
    ++counters_.pings;
    link_.ping();
  }
  if (now_ns >= ping_at_ns_) {
    ping_at_ns_ = now_ns + ping_interval_ns(settings_.dialect);
    ++counters_.pings;
    link_.send(ping_request(settings_.dialect, next_id_++));
  }
  if (now_ns >= ask_at_ns_) ask(now_ns);
}

std::int64_t Conversation::next_due_ns() const {
  switch (state_) {
    case SourceState::Stopped:
      return kNever;
    case SourceState::Waiting:
      return retry_at_ns_;
    case SourceState::Connecting:
    case SourceState::Live:
      break;
  }
  if (!is_open_) return connect_due_ns_;
  const std::int64_t silence_ns = has_pinged_ ? settings_.silence_ns : settings_.silence_ns / 2;
  return std::min({heard_ns_ + silence_ns, updated_ns_ + settings_.updates_silence_ns, ping_at_ns_,
                   request_ ? request_->due_ns : ask_at_ns_});
}

// --- what comes

void Conversation::on_message(std::string_view frame, std::int64_t now_ns) {
  if (!is_open_) return;
  on_control(now_ns);
  ++counters_.messages;
  counters_.bytes += frame.size();
  const FeedFrame& decoded = decoder_.decode(frame, now_ns);
  switch (decoded.kind) {
    case FrameKind::Updates:
      take(decoded, now_ns);
      break;
    case FrameKind::Reply:
      on_reply(frame, decoded, now_ns);
      break;
    case FrameKind::Error:
      on_error(decoded, now_ns);
      break;
    case FrameKind::TestRequest:
      ++counters_.test_requests;
      link_.send(test_answer(next_id_++));
      break;
    case FrameKind::Malformed:
      ++counters_.malformed;
      last_error_ = fmt::format("malformed frame: {}", decoded.problem);
      break;
    case FrameKind::Heartbeat:
    case FrameKind::Other:
      break;
  }
  if (is_open_) look_for_gaps(decoded, now_ns);
}

void Conversation::take(const FeedFrame& decoded, std::int64_t now_ns) {
  if (!decoded.updates.empty()) updated_ns_ = now_ns;
  counters_.updates += decoded.updates.size();
  const UpdateCounts& counts = decoder_.counts().updates;
  std::uint64_t all = 0;
  for (const std::uint64_t count : counts.outcomes) all += count;
  counters_.refused = all - counts[UpdateOutcome::Taken];
  if (!decoded.problem.empty()) last_error_ = fmt::format("refused update: {}", decoded.problem);
  for (const MarketUpdate& update : decoded.updates) listener_.on_update(update);
}

bool Conversation::answers_request(const FeedFrame& decoded) const {
  return request_ && decoded.reply_to == fmt::format("{}", request_->id);
}

void Conversation::on_reply(std::string_view frame, const FeedFrame& decoded, std::int64_t now_ns) {
  if (!answers_request(decoded)) return;
  const Request request = std::move(*request_);
  request_.reset();
  for (const std::size_t t : request.topics) {
    Topic& topic = topics_[t];
    if (is_in_reply(settings_.dialect, frame, topic.name)) {
      topic.state = TopicState::Subscribed;
    } else {
      refuse(topic, "the venue does not know it", now_ns);
    }
  }
  after_answer(now_ns);
}

void Conversation::on_error(const FeedFrame& decoded, std::int64_t now_ns) {
  ++counters_.errors;
  const std::string said =
      decoded.error_code == 0
          ? fmt::format("the venue says: {}", decoded.problem)
          : fmt::format("the venue says: {} ({})", decoded.problem, decoded.error_code);
  // Some errors do not name the request that they answer.
  if (!request_ || (!decoded.reply_to.empty() && !answers_request(decoded))) {
    if (now_ns - error_told_ns_ < kErrorAgainNs) {
      last_error_ = said;
      return;
    }
    error_told_ns_ = now_ns;
    problem(said);
    return;
  }
  const Request request = std::move(*request_);
  request_.reset();
  for (const std::size_t t : request.topics) {
    Topic& topic = topics_[t];
    if (request.topics.size() == 1) {
      refuse(topic, said, now_ns);
    } else {  // one of them may be at fault
      topic.state = TopicState::Wanted;
      topic.ask_at_ns = now_ns;
      topic.alone = true;
    }
  }
  after_answer(now_ns);
}

void Conversation::refuse(Topic& topic, std::string_view why, std::int64_t now_ns) {
  ++counters_.unsubscribed;
  topic.state = TopicState::Refused;
  topic.ask_at_ns = now_ns + settings_.refused_again_ns;
  problem(fmt::format("{} was refused: {}", topic.name, why));
}

void Conversation::after_answer(std::int64_t now_ns) {
  ask_at_ns_ = now_ns;
  const auto is = [this](TopicState state) {
    return std::any_of(topics_.begin(), topics_.end(),
                       [state](const Topic& topic) { return topic.state == state; });
  };
  if (state_ == SourceState::Connecting && !is(TopicState::Wanted)) {
    if (!is(TopicState::Subscribed) && !is(TopicState::Lost)) {
      lose(fmt::format("no subscription was taken; the last: {}", last_error_), now_ns);
      return;
    }
    ++counters_.connects;
    live_since_ns_ = updated_ns_ = now_ns;
    enter(SourceState::Live, false, "live");
  }
  ask(now_ns);
}

// --- subscriptions

bool Conversation::has_snapshot(const Topic& topic) const {
  const SymbolFeed* const feed = decoder_.find(topic.symbol);
  return feed != nullptr && feed->has_snapshot;
}

void Conversation::look_for_gaps(const FeedFrame& decoded, std::int64_t now_ns) {
  if (!decoded.has_hole && decoded.no_snapshot.empty()) return;
  std::size_t count = 0;
  const Topic* first = nullptr;
  for (Topic& topic : topics_) {
    const bool is_it =
        decoded.has_hole ? !has_snapshot(topic) : topic.symbol == decoded.no_snapshot;
    if (!is_it || topic.state != TopicState::Subscribed) continue;
    topic.state = TopicState::Lost;
    topic.ask_at_ns = std::max(now_ns, topic.asked_ns + settings_.resubscribe_ns);
    ask_at_ns_ = std::min(ask_at_ns_, topic.ask_at_ns);
    if (count++ == 0) first = &topic;
  }
  if (first == nullptr) return;
  ++counters_.gaps;
  problem(count == 1 ? fmt::format("{} has no snapshot", first->name)
                     : fmt::format("{} and {} others have no snapshot", first->name, count - 1));
  if (now_ns >= ask_at_ns_) ask(now_ns);
}

std::int64_t Conversation::due_ns(const Topic& topic) const {
  switch (topic.state) {
    case TopicState::Wanted:
    case TopicState::Lost:
    case TopicState::Refused:
      return topic.ask_at_ns;
    case TopicState::Asked:
      return kNever;
    case TopicState::Subscribed:
      break;
  }
  if (!has_snapshots(settings_.dialect) || has_snapshot(topic)) return kNever;
  return topic.asked_ns + settings_.snapshot_ns;
}

void Conversation::mark_asked(Topic& topic, std::int64_t now_ns) {
  if (topic.was_asked_ever) ++counters_.resubscribes;
  topic.was_asked_ever = true;
  topic.state = TopicState::Asked;
  topic.asked_ns = now_ns;
}

// Sends what is due, if nothing waits for its reply. Only what is due now, so that one request is
// one batch; ask_at_ns_ is when there is more.
void Conversation::ask(std::int64_t now_ns) {
  if (!is_open_ || request_) return;
  Request request{.id = 0, .due_ns = now_ns + settings_.reply_ns};
  std::vector<std::string_view> names;
  std::vector<std::string_view> again;
  ask_at_ns_ = kNever;
  for (std::size_t t = 0; t < topics_.size(); ++t) {
    Topic& topic = topics_[t];
    // It came in the meantime.
    if (topic.state == TopicState::Lost && has_snapshot(topic))
      topic.state = TopicState::Subscribed;
    const std::int64_t due = due_ns(topic);
    const bool fits = names.size() < topics_per_request(settings_.dialect) &&
                      (names.empty() || (!topic.alone && !topics_[request.topics[0]].alone));
    if (due > now_ns || !fits) {
      ask_at_ns_ = std::min(ask_at_ns_, due);
      continue;
    }
    if (topic.state == TopicState::Subscribed) {
      ++counters_.gaps;
      problem(fmt::format("{} sent no snapshot", topic.name));
    }
    if (topic.state == TopicState::Subscribed || topic.state == TopicState::Lost) {
      again.push_back(topic.name);
    }
    names.push_back(topic.name);
    request.topics.push_back(t);
  }
  if (names.empty()) return;
  for (const std::size_t t : request.topics) mark_asked(topics_[t], now_ns);
  if (!again.empty()) link_.send(unsubscribe_request(settings_.dialect, next_id_++, again));
  request.id = next_id_++;
  link_.send(subscribe_request(settings_.dialect, request.id, names));
  request_ = std::move(request);
}

}  // namespace portcullis::feeds
