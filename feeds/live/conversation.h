// The client's side of a venue's stream of prices, without its sockets and its clock: when to connect,
// what to say, what the answers mean, when to give up, when to try again.
//
//   Stopped --start--> Connecting --all subscriptions answered--> Live
//   Connecting, Live --connection lost, refused, silent, late--> Waiting --back-off--> Connecting
//   any --stop--> Stopped
//
// Topics are subscribed to a request at a time, each waiting for its reply. A topic that the venue
// refuses is asked for again after refused_again_ns; the others go on. Where none is taken the
// connection is given up. A symbol without a snapshot (its delta came without one, a change was
// refused, it did not come within snapshot_ns) is unsubscribed from and subscribed to again, once in
// resubscribe_ns.
//
// A connection is silent when nothing at all came for silence_ns, in spite of a ping after half of
// it; and when it lives but no price was taken for updates_silence_ns.
//
// An error that answers nothing is told once a second at most, however many come.
//
// One thread. `now` is the epoch's nanoseconds and never goes back.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feeds/dialects/decoder.h"
#include "feeds/epoch_clock.h"
#include "feeds/live/back_off.h"
#include "feeds/live/source.h"

namespace portcullis::feeds {

struct ConversationSettings {
  Dialect dialect = Dialect::Deribit;
  // The venue's, by the kind of update that is wanted of them (kind_with); at least one in all, none
  // twice in a list.
  std::vector<std::string> symbols{};  // Ticker
  std::vector<std::string> books{};    // Book: Binance
  std::vector<std::string> trades{};   // Trade: Binance
  std::string interval{};              // as in topic_of
  // Binance: the topics are in the path of the connection, and need no request.
  bool topics_in_path = false;
  FeedDecoderLimits limits{};

  std::int64_t connect_ns = 10'000'000'000;  // from the name to the WebSocket
  std::int64_t reply_ns = 10'000'000'000;    // to a subscription
  std::int64_t silence_ns = 15'000'000'000;
  std::int64_t updates_silence_ns = 60'000'000'000;
  std::int64_t snapshot_ns = 5'000'000'000;
  std::int64_t resubscribe_ns = 1'000'000'000;
  std::int64_t refused_again_ns = 60'000'000'000;
  // A connection that was live for the cap is good: the next wait is the first again.
  std::int64_t back_off_first_ns = 500'000'000;
  std::int64_t back_off_cap_ns = 30'000'000'000;
};
// Empty: none. "symbols: BTC\"USD is none".
[[nodiscard]] std::string problem_of(const ConversationSettings& settings);

// The connection that a conversation has: at most one at a time. It must not call back before the
// call on it has returned.
class Link {
 public:
  virtual ~Link() = default;
  // Then on_open, or on_closed.
  virtual void open() = 0;
  virtual void send(std::string text) = 0;
  virtual void ping() = 0;  // by WebSocket
  // Nothing is heard of it any more. Once it was open the venue is told, if it listens.
  virtual void close() = 0;
  // What an open() that goes on is at: "TLS handshake".
  [[nodiscard]] virtual std::string_view stage() const = 0;
};

class Conversation {
 public:
  struct Listener {
    std::function<void(const MarketUpdate& update)> on_update;
    std::function<void(SourceState state, bool is_problem, std::string_view text)> on_event;
  };

  // REQUIRES: the settings have no problem. The link must outlive this. `seed` is of the back-off.
  Conversation(const ConversationSettings& settings, Link& link, Listener listener,
               std::uint64_t seed);

  void start(std::int64_t now_ns);
  void stop(std::int64_t now_ns);

  void on_open(std::int64_t now_ns);
  // `frame` must be followed by kFeedFramePadding readable bytes.
  void on_message(std::string_view frame, std::int64_t now_ns);
  void on_control(std::int64_t now_ns);  // a ping or pong came
  void on_closed(std::string_view why, std::int64_t now_ns);

  // What is due at `now`.
  void step(std::int64_t now_ns);
  // When to step at the latest.
  [[nodiscard]] std::int64_t next_due_ns() const;

  [[nodiscard]] SourceState state() const { return state_; }
  [[nodiscard]] const SourceCounters& counters() const { return counters_; }
  [[nodiscard]] const std::string& last_error() const { return last_error_; }
  [[nodiscard]] const FeedDecoder& decoder() const { return decoder_; }
  // Of the connection: the topics as they are in its path.
  [[nodiscard]] std::vector<std::string_view> topics() const;

 private:
  enum class TopicState : std::uint8_t {
    Wanted,
    Asked,
    Subscribed,
    Lost,  // subscribed to, without a snapshot
    Refused,
  };
  struct Topic {
    std::string name{};
    std::string symbol{};
    TopicState state = TopicState::Wanted;
    std::int64_t ask_at_ns = 0;   // of all but Asked and Subscribed
    std::int64_t asked_ns = 0;    // the last time
    bool was_asked_ever = false;  // on any connection
    bool alone = false;           // a request with others was refused
  };
  struct Request {
    std::uint64_t id = 0;
    std::vector<std::size_t> topics{};
    std::int64_t due_ns = 0;
  };

  void connect(std::int64_t now_ns);
  void lose(std::string_view why, std::int64_t now_ns);
  void wait(std::string_view why, std::int64_t now_ns);
  void enter(SourceState state, bool is_problem, std::string_view text);
  void problem(std::string text);

  void on_reply(std::string_view frame, const FeedFrame& decoded, std::int64_t now_ns);
  void on_error(const FeedFrame& decoded, std::int64_t now_ns);
  [[nodiscard]] bool answers_request(const FeedFrame& decoded) const;
  void refuse(Topic& topic, std::string_view why, std::int64_t now_ns);
  void after_answer(std::int64_t now_ns);
  void take(const FeedFrame& decoded, std::int64_t now_ns);
  void look_for_gaps(const FeedFrame& decoded, std::int64_t now_ns);

  void ask(std::int64_t now_ns);
  [[nodiscard]] bool has_snapshot(const Topic& topic) const;
  [[nodiscard]] std::int64_t due_ns(const Topic& topic) const;
  void mark_asked(Topic& topic, std::int64_t now_ns);

  const ConversationSettings settings_;
  Link& link_;
  const Listener listener_;
  FeedDecoder decoder_;
  BackOff back_off_;
  SourceCounters counters_;
  std::string last_error_;

  SourceState state_ = SourceState::Stopped;
  bool is_open_ = false;
  std::int64_t connect_due_ns_ = kNever;
  std::int64_t retry_at_ns_ = kNever;
  std::int64_t live_since_ns_ = kNever;
  std::int64_t heard_ns_ = 0;
  std::int64_t updated_ns_ = 0;
  bool has_pinged_ = false;
  std::int64_t ping_at_ns_ = kNever;  // the dialect's own
  std::int64_t error_told_ns_ = 0;    // that answered no request

  std::vector<Topic> topics_;
  std::optional<Request> request_;  // that waits for its reply
  std::int64_t ask_at_ns_ = kNever;
  std::uint64_t next_id_ = 1;
};

}  // namespace portcullis::feeds
