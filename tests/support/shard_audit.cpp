#include "tests/support/shard_audit.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "gateway/soup/frame.h"
#include "tests/support/gate_world.h"

namespace portcullis::test {

namespace gate = gateway::gate;
namespace journal = gateway::journal;
namespace ouch = gateway::ouch;
namespace soup = gateway::soup;

namespace {

constexpr std::int64_t kTimersNs = 1'000'000;  // how often the shard looks at its timers

std::uint32_t number_of(const ouch::InboundMessage& any) {
  return std::visit(
      [](const auto& m) -> std::uint32_t {
        if constexpr (requires { m.user_ref_num; }) return m.user_ref_num;
        return 0;
      },
      any);
}

std::uint32_t original_of(const ouch::InboundMessage& any) {
  const auto* replace = std::get_if<ouch::ReplaceOrder>(&any);
  return replace == nullptr ? 0 : replace->orig_user_ref_num;
}

template <class Record>
Record read(const journal::RecordView& view) {
  Record record;
  (void)journal::read_command(view, record);
  return record;
}

// Takes the whole packets out of `bytes`.
template <class F>
void for_each_frame(std::vector<std::byte>& bytes, F&& f) {
  std::size_t at = 0;
  soup::Frame frame;
  while (soup::decode_frame(std::span(bytes).subspan(at), 4096, frame) ==
         soup::FrameStatus::Complete) {
    at += soup::kHeaderSize + frame.payload.size();
    if (!f(frame)) break;
  }
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

ShardAudit::ShardAudit(ShardWorld& world, GateAudit::Counts& counts)
    : world_(world),
      deployment_(world.deployment()),
      gate_(world, GateAudit::Venue::Sound, counts),
      sessions_(deployment_.sessions.size()),
      up_(deployment_.sessions.size(), false),
      streams_(deployment_.sessions.size()),
      bases_(deployment_.sessions.size()),
      base_names_(deployment_.sessions.size(), 1),
      records_of_(deployment_.sessions.size()) {
  world_.on_start = [this] { started(); };
  world_.on_end = [this] { ended(); };
  world_.on_push = [this](const gateway::edge::EdgeCommand& command) {
    commands_.push_back(command);
  };
  world_.transport().on_read = [this](std::uint32_t connection, const Wire& wire,
                                      std::span<const std::byte> bytes) {
    if (connection != gateway::shard::Transport::kVenue) on_read(wire, bytes);
  };
  world_.transport().on_write = [this](std::uint32_t connection, const Wire& wire,
                                       std::span<const std::byte> bytes) {
    on_write(connection, wire, bytes);
  };
}

ShardAudit::Seen& ShardAudit::Seen::operator+=(const Seen& more) {
  records += more.records;
  starts += more.starts;
  logins += more.logins;
  superseded += more.superseded;
  refused += more.refused;
  slow_consumers += more.slow_consumers;
  overloads += more.overloads;
  passed_over += more.passed_over;
  cancels_on_disconnect += more.cancels_on_disconnect;
  lost_venues += more.lost_venues;
  degraded += more.degraded;
  busy += more.busy;
  rests += more.rests;
  markers += more.markers;
  commands += more.commands;
  commands_passed_over += more.commands_passed_over;
  gone += more.gone;
  late_starts += more.late_starts;
  streams_begun += more.streams_begun;
  unsafe += more.unsafe;
  safe_again += more.safe_again;
  fundings += more.fundings;
  cancel_alls += more.cancel_alls;
  return *this;
}

// --- the process

// Records that were not durable when the last process ended may be there, and what they were made of
// with them; what was read and is in none of them is not.
void ShardAudit::started() {
  reader_ = std::make_unique<journal::Reader>(
      world_.journal_folder(),
      journal::ReaderOptions{.from_sequence = next_record_, .include_ring = true});
  ++seen.starts;
  if (world_.from_snapshot() != 0) ++seen.late_starts;
  catch_up();
  was_operator_ = false;
  commands_.clear();
  // A crash is a disconnect for everybody.
  for (std::uint32_t s = 0; s < sessions_.size(); ++s) {
    sessions_[s] = {.down_since_ns = world_.now_ns(), .ends_with_process = up_[s]};
  }
}

void ShardAudit::ended() {
  catch_up();
  const gateway::shard::LinkCounters& links = world_.shard().link_counters();
  seen.superseded += links.logins_superseded;
  seen.refused += links.connections_refused;
  seen.slow_consumers += links.slow_consumers;
  seen.overloads += links.overloads;
  unchecked_ = 0;
  reader_.reset();
  connections_.clear();
}

void ShardAudit::catch_up() {
  journal::RecordView view;
  while (next_record_ <= world_.durable_record()) {
    if (reader_->next(view) != journal::ReadStatus::Record) {
      return gate_.problem("record " + std::to_string(next_record_) +
                           " cannot be read: " + reader_->error());
    }
    ++next_record_;
    take(view);
  }
}

// --- records

void ShardAudit::take(const journal::RecordView& view) {
  using Type = gate::RecordType;
  const auto is = [&view](Type type) { return view.type == static_cast<std::uint16_t>(type); };
  ++seen.records;
  const bool is_operators = was_operator_;
  was_operator_ = is(Type::Operator);
  if (view.time_ns < newest_ns_) gate_.problem("the time of a record goes back");
  world_.audited_ns = newest_ns_ = view.time_ns;
  gate_.look_at_what_is_said();
  if (is(Type::EnterNamed)) {
    take_command(read<gate::EnterNamedRecord>(view));
  } else if (is(Type::Replace) && is_of_edge(read<gate::ReplaceRecord>(view).order.session)) {
    take_command(read<gate::ReplaceRecord>(view));
  } else if (is(Type::Cancel) && is_of_edge(read<gate::CancelRecord>(view).order.session)) {
    take_command(read<gate::CancelRecord>(view));
  } else if (is(Type::Marker)) {
    ++seen.markers;
  } else if (is(Type::Enter)) {
    const auto record = read<gate::EnterRecord>(view);
    take_order(record, ouch::EnterOrder::kType, record.order.client_ref, 0);
  } else if (is(Type::Replace)) {
    const auto record = read<gate::ReplaceRecord>(view);
    take_order(record, ouch::ReplaceOrder::kType, record.order.client_ref,
               record.order.original_ref);
  } else if (is(Type::Cancel)) {
    const auto record = read<gate::CancelRecord>(view);
    take_order(record, ouch::CancelOrder::kType, record.order.client_ref, 0);
  } else if (is(Type::FirmControl)) {
    take_control(read<gate::FirmControlRecord>(view));
  } else if (is(Type::VenueMessage)) {
    take_venue_message(view);
  } else if (is(Type::VenueLink)) {
    take_venue_link(read<gate::VenueLinkRecord>(view));
  } else if (is(Type::Start)) {
    const auto record = read<gate::StartRecord>(view);
    if (std::string_view(record.stream_session.data(), 10) != stream_names_.front())
      gate_.problem("the streams begin under another name");
  } else if (is(Type::StreamSession)) {
    take_stream_session(read<gate::StreamSessionRecord>(view));
  } else if (is(Type::Session)) {
    take_session(read<gate::SessionRecord>(view));
  } else if (is(Type::Mark)) {
    const auto mark = read<risk::MarkUpdate>(view);
    gate_.marked(mark.instrument, mark.mark, mark.as_of.ns);
  } else if (is(Type::PriceState)) {
    const auto change = read<risk::SetPriceState>(view);
    gate_.priced(change);
    ++(change.state == risk::PriceState::Unsafe ? seen.unsafe : seen.safe_again);
  } else if (is(Type::Funding)) {
    gate_.funded(read<risk::FundingUpdate>(view));
    ++seen.fundings;
  } else if (is(Type::Control)) {
    gate_.controlled(read<risk::Control>(view));
  } else if (is(Type::Sweep)) {
    take_sweep(read<gate::SweepRecord>(view), is_operators);
  } else if (is(Type::Fence)) {
    number_records_[read<gate::FenceRecord>(view).number] = view.sequence;
  } else if (is(Type::Resolve)) {
    gate_.prove(read<gate::ResolveRecord>(view).below);
  } else if (is(Type::Condition)) {
    const auto condition = read<risk::SetCondition>(view);
    if (condition.on && condition.condition == risk::Condition::JournalDegraded) ++seen.degraded;
    if (condition.on && condition.condition == risk::Condition::VenueBusy) ++seen.busy;
  }
  view.for_each_outbound([&](const journal::OutboundView& outbound) {
    std::vector<Bytes>& stream = streams_[outbound.stream];
    if (outbound.stream_sequence != stream.size() + 1) gate_.problem("a stream has a gap");
    stream.emplace_back(outbound.payload.begin(), outbound.payload.end());
    records_of_[outbound.stream].push_back(view.sequence);
    gate_.owed({outbound.stream}, outbound.payload);
  });
  gate_.judge_answers();
  const std::string difference = world_.judge().replay(view);
  if (!difference.empty()) {
    gate_.problem("record " + std::to_string(view.sequence) + ", decided again: " + difference);
  }
}

template <class Record>
void ShardAudit::take_order(const Record& record, char type, std::uint32_t number,
                            std::uint32_t original) {
  if (const auto message = find_message(record.order.session, type, number, original))
    judge_order(record.order.session, *message, record.decision);
}

void ShardAudit::judge_order(risk::SessionIndex session, const Bytes& message,
                             const risk::Decision& decision, std::uint32_t only_reduces) {
  const std::string_view outcome = decision.disposition == risk::Disposition::Forward  ? "f"
                                   : decision.disposition == risk::Disposition::Reject ? "r"
                                                                                       : "i";
  ouch::InboundMessage any;
  if (ouch::decode(message, any) == ouch::DecodeError::None &&
      !std::holds_alternative<ouch::CancelOrder>(any) &&
      number_of(any) <= gate_.watermark(session)) {
    gate_.problem("a number that is not new has a record");
  }
  const std::string_view allowed = gate_.expect(session, message);
  if (allowed.find(outcome) == std::string_view::npos) {
    gate_.problem("a message had the outcome " + std::string(outcome) + ", not one of " +
                  std::string(allowed));
  }
  if (only_reduces != 0) gate_.only_reduces(session, only_reduces);
  gate_.sent(session, message, outcome, decision);
  if (outcome == "f" && static_cast<char>(message[0]) != ouch::CancelOrder::kType)
    number_records_[decision.number] = next_record_ - 1;
}

void ShardAudit::take_control(const gate::FirmControlRecord& record) {
  const auto message = find_message({record.session}, record.type, record.client_ref, 0);
  if (!message) return;
  const bool is_query = record.type == ouch::AccountQuery::kType;
  const std::string_view outcome =
      !is_query && (record.known == 0 || record.over_rate != 0) ? "r" : "a";
  const std::string_view allowed = gate_.expect({record.session}, *message);
  if (allowed.find(outcome) == std::string_view::npos) gate_.problem("a control was not answered");
  gate_.sent({record.session}, *message, outcome, {});
}

void ShardAudit::take_session(const gate::SessionRecord& record) {
  if (up_[record.session] == (record.up != 0)) gate_.problem("a session is up or down twice");
  up_[record.session] = record.up != 0;
  if (is_of_edge({record.session})) {
    // It is down for the next process, too.
    gateway::edge::EdgeCommand ignored;
    if (!std::exchange(sessions_[record.session].ends_with_process, false)) {
      using Type = gateway::edge::EdgeCommand::Type;
      (void)next_command({record.session}, record.up != 0 ? Type::SessionUp : Type::SessionDown,
                         ignored);
    }
  } else if (record.up != 0) {
    ++seen.logins;
  }
  if (record.up == 0) sessions_[record.session].down_since_ns = record.time.ns;
}

// Behind all that was in it, under a name that nobody has seen, and nobody is there who counts
// otherwise.
void ShardAudit::take_stream_session(const gate::StreamSessionRecord& record) {
  ++seen.streams_begun;
  const std::string name(record.stream_session.data(), 10);
  if (name != stream_names_.back()) {
    if (std::ranges::count(stream_names_, name) != 0) gate_.problem("a stream's name comes again");
    stream_names_.push_back(name);
  }
  if (record.base != streams_[record.session].size())
    gate_.problem("a stream begins again before its end or behind it");
  for (const auto& [wire, connection] : connections_) {
    if (connection->next != 0) gate_.problem("a stream begins again and its client is there");
  }
  bases_[record.session] = record.base;
  base_names_[record.session] = stream_names_.size();
}

void ShardAudit::take_sweep(const gate::SweepRecord& record, bool is_operators) {
  gate_.swept(record.scope, record.target, record.instrument);
  if (is_operators) {
    ++seen.cancel_alls;
    return;
  }
  if (record.scope != gate::SweepScope::Session) return;
  ++seen.cancels_on_disconnect;
  const config::SessionSettings& settings = deployment_.sessions[record.target];
  if (settings.dead_man_ns == 0 &&
      (!settings.cancel_on_disconnect || up_[record.target] ||
       record.time.ns < sessions_[record.target].down_since_ns + settings.disconnect_grace_ns)) {
    gate_.problem("orders of session " + std::to_string(record.target) +
                  " are cancelled that is not gone, or not for so long");
  }
}

void ShardAudit::take_venue_link(const gate::VenueLinkRecord& record) {
  switch (record.change) {
    case gate::LinkChange::LoggedIn:
      venue_session_.assign(record.session.data(), 10);
      if (record.sequence != venue_next_) gate_.problem("the venue's stream goes on elsewhere");
      break;
    case gate::LinkChange::Lost:
      ++seen.lost_venues;
      if (venue_session_ == world_.venue.session())
        gate_.problem("the venue's session is said to be lost and is there");
      break;
    case gate::LinkChange::OrdersDead:
      venue_next_ = 1;
      gate_.orders_are_dead();
      break;
    case gate::LinkChange::Down:
    case gate::LinkChange::Up:
      break;
  }
}

// What the venue has said, in order, each once.
void ShardAudit::take_venue_message(const journal::RecordView& view) {
  gate::VenueMessageRecord record;
  std::memcpy(&record, view.command.data(), std::min(view.command.size(), sizeof record));
  const std::span<const std::byte> payload = std::span(record.payload).first(record.length);
  if (record.sequence != venue_next_++) gate_.problem("the venue's stream has a gap");
  if (venue_session_ == world_.venue.session()) {
    const std::vector<Bytes>& said = world_.venue_stream();
    if (record.sequence > said.size() || !std::ranges::equal(said[record.sequence - 1], payload))
      gate_.problem("the journal has another message than the venue has said");
  }
  gate_.taken(payload);
}

namespace {

// The message is what a record of this type and these numbers was made of.
bool is_behind(const Bytes& payload, char type, std::uint32_t number, std::uint32_t original) {
  ouch::InboundMessage message;
  return ouch::decode(payload, message) == ouch::DecodeError::None &&
         static_cast<char>(payload[0]) == type &&
         (type == ouch::AccountQuery::kType || number_of(message) == number) &&
         original_of(message) == original;
}

}  // namespace

// The client's message behind a record. What lies before it was not taken: it has to be one that
// the gate ignores, or the whole rest of a connection that has ended.
std::optional<Bytes> ShardAudit::find_message(risk::SessionIndex session, char type,
                                              std::uint32_t number, std::uint32_t original) {
  Session& of = sessions_[session.value];
  std::vector<std::shared_ptr<Connection>>& logins = of.logins;
  const std::vector<std::shared_ptr<Connection>> all = logins;
  while (!logins.empty()) {
    std::deque<Bytes>& messages = logins.front()->messages;
    while (!messages.empty()) {
      if (is_behind(messages.front(), type, number, original)) {
        Bytes found = std::move(messages.front());
        messages.pop_front();
        if (logins.size() > 1) {
          of.doubtful.push_back(found);
        } else {
          of.doubtful.clear();
        }
        return found;
      }
      if (!pass_over(session, messages.front())) break;
      messages.pop_front();
    }
    logins.erase(logins.begin());
  }
  // Or it is one of a newer login, whose first messages were found in an older one that has them too.
  std::vector<Bytes> doubtful = std::exchange(of.doubtful, {});
  for (std::size_t login = 1; login < all.size() && !doubtful.empty(); ++login) {
    std::deque<Bytes>& messages = all[login]->messages;
    while (!messages.empty()) {
      Bytes message = std::move(messages.front());
      messages.pop_front();
      if (is_behind(message, type, number, original)) {
        logins.assign(all.begin() + static_cast<std::ptrdiff_t>(login), all.end());
        return message;
      }
      const auto at = std::find_if(doubtful.begin(), doubtful.end(), [&](const Bytes& found) {
        ouch::InboundMessage m;
        return ouch::decode(found, m) == ouch::DecodeError::None &&
               is_behind(message, static_cast<char>(found[0]), number_of(m), original_of(m));
      });
      if (at != doubtful.end()) {
        doubtful.erase(at);
      } else if (!pass_over(session, message)) {
        break;
      }
    }
  }
  gate_.problem("record " + std::to_string(next_record_ - 1) + " of session " +
                std::to_string(session.value) +
                " has no message of a client behind it, or another was passed over");
  return std::nullopt;
}

bool ShardAudit::pass_over(risk::SessionIndex session, const Bytes& payload) {
  ouch::InboundMessage message;
  const bool is_malformed = ouch::decode(payload, message) != ouch::DecodeError::None ||
                            std::holds_alternative<ouch::ModifyOrder>(message);
  const auto* cancel = std::get_if<ouch::CancelOrder>(&message);
  // A cancel of another number space is ignored without a record.
  const bool cancels = cancel != nullptr && cancel->appendage.user_ref_idx == 0;
  if (!is_malformed && (cancels || std::holds_alternative<ouch::AccountQuery>(message) ||
                        (cancel == nullptr && number_of(message) > gate_.watermark(session)))) {
    return false;
  }
  ++seen.passed_over;
  gate_.sent(session, payload, gate_.expect(session, payload), {});
  return true;
}

// --- bytes

void ShardAudit::on_read(const Wire& wire, std::span<const std::byte> bytes) {
  std::shared_ptr<Connection>& slot = connections_[wire.id];
  if (slot == nullptr) slot = std::make_shared<Connection>();
  const std::shared_ptr<Connection> connection = slot;
  connection->read.insert(connection->read.end(), bytes.begin(), bytes.end());
  for_each_frame(connection->read, [&](const soup::Frame& frame) {
    if (connection->is_broken) return true;
    if (frame.type == soup::PacketType::UnsequencedData && connection->session.exists()) {
      connection->messages.emplace_back(frame.payload.begin(), frame.payload.end());
    } else if (frame.type == soup::PacketType::LoginRequest && !connection->session.exists()) {
      const auto login = soup::decode_login_request(frame.payload);
      const auto session =
          login ? deployment_.names.sessions.find(login->username) : risk::SessionIndex{};
      catch_up();
      // A number that is too high now may be none when the password has been looked at.
      connection->is_broken = !session.exists() || login->password != kShardPassword ||
                              (!login->session.empty() && login->session != stream_session());
      connection->is_good = !connection->is_broken;
      connection->session = session;
      if (login) connection->asked = login->sequence;
      connection->is_known = session.exists() && login->password == kShardPassword;
      if (session.exists() && !connection->is_known) ++sessions_[session.value].wrong_logins;
      if (!connection->is_broken) sessions_[session.value].logins.push_back(connection);
    } else if (frame.type != soup::PacketType::ClientHeartbeat &&
               frame.type != soup::PacketType::Debug) {
      connection->is_broken = true;
    }
    return true;
  });
}

void ShardAudit::on_write(std::uint32_t connection, const Wire& wire,
                          std::span<const std::byte> bytes) {
  catch_up();
  std::shared_ptr<Connection>& slot = connections_[wire.id];
  if (slot == nullptr) slot = std::make_shared<Connection>();
  slot->wrote.insert(slot->wrote.end(), bytes.begin(), bytes.end());
  for_each_frame(slot->wrote, [&](const soup::Frame& frame) {
    if (connection == gateway::shard::Transport::kVenue) {
      left_to_venue(frame);
    } else {
      left_to_client(*slot, frame);
    }
    return true;
  });
}

void ShardAudit::left_to_client(Connection& connection, const soup::Frame& frame) {
  if (frame.type == soup::PacketType::LoginAccepted) {
    const auto accepted = soup::decode_login_accepted(frame.payload);
    connection.next = accepted ? accepted->sequence : 0;
    if (!connection.is_good) gate_.problem("a login was accepted that must not be");
    if (connection.asked != 0 && connection.next != connection.asked)
      gate_.problem("a login was accepted from another message on than it asked for");
    if (accepted && accepted->session != stream_session())
      gate_.problem("a login was accepted for another session than there is");
    if (base_names_[connection.session.value] != stream_names_.size())
      gate_.problem("a stream goes on under another name");
    return;
  }
  if (frame.type == soup::PacketType::LoginRejected && connection.session.exists()) {
    refused(connection, frame);
    std::erase_if(sessions_[connection.session.value].logins,
                  [&](const auto& login) { return login.get() == &connection; });
  }
  if (frame.type != soup::PacketType::SequencedData) return;
  const std::uint64_t soup_number = connection.next++;
  if (connection.next == 1 || !connection.session.exists()) {
    return gate_.problem("a message without a login");
  }
  const std::uint64_t number = soup_number + base(connection.session);
  const std::vector<Bytes>& stream = streams_[connection.session.value];
  if (number > stream.size() || !std::ranges::equal(stream[number - 1], frame.payload))
    return gate_.problem("a client is sent what is not in the journal");
  if (records_of_[connection.session.value][number - 1] > world_.durable_record())
    gate_.problem("a client is sent what is not durable yet");
}

// For a reason only, and with its letter.
void ShardAudit::refused(const Connection& connection, const soup::Frame& frame) {
  const Session& session = sessions_[connection.session.value];
  const auto letter = frame.payload.empty() ? '?' : static_cast<char>(frame.payload[0]);
  const auto stream = static_cast<std::uint16_t>(connection.session.value);
  if (letter == 'A') {
    if (connection.is_known && session.wrong_logins < deployment_.gateway.login_attempts_max)
      gate_.problem("a good login was not authorized");
    return;
  }
  const std::uint64_t unchecked = world_.shard().link_counters().logins_unchecked;
  // Of the journal's messages; a number that is too high for that is behind the last of them.
  const std::uint64_t before = base(connection.session);
  const bool is_behind = connection.asked > streams_[stream].size() + 1 - before;
  const bool is_gone = !is_behind && connection.asked != 0 &&
                       before + connection.asked < world_.journal().stream_first(stream);
  const bool is_taken = deployment_.sessions[stream].duplicate_login ==
                        config::DuplicateLogin::Refuse;  // by another, then
  if (is_gone) ++seen.gone;
  if (!connection.is_broken && !is_gone && !is_taken && unchecked == unchecked_ && !is_behind) {
    gate_.problem("a good login was refused");
  }
  unchecked_ = unchecked;
}

void ShardAudit::left_to_venue(const soup::Frame& frame) {
  if (frame.type != soup::PacketType::UnsequencedData) return;
  ouch::InboundMessage message;
  if (ouch::decode(frame.payload, message) != ouch::DecodeError::None)
    return gate_.problem("the venue is sent what is no message");
  if (std::holds_alternative<ouch::AccountQuery>(message)) return;
  const auto record = number_records_.find(number_of(message));
  if (record == number_records_.end())
    return gate_.problem("the venue is sent what is not in the journal: " + line_of(message));
  if (record->second > world_.durable_record())
    gate_.problem("the venue is sent what is not durable yet");
}

// --- judging

void ShardAudit::look() {
  if (!world_.problem.empty()) gate_.problem(std::exchange(world_.problem, {}));
  if (!world_.venue.problem.empty()) gate_.problem(std::exchange(world_.venue.problem, {}));
  if (world_.is_running()) {
    catch_up();
    gate::Gate& gate = world_.running_gate();
    if (next_record_ == world_.last_record() + 1 &&
        gate.engine().state_hash() != world_.judge().engine().state_hash()) {
      gate_.problem("another state than from the records");
    }
    const gate::Counters& c = gate.counters();
    if (c.adopted + c.unattributed + c.malformed_by_venue + c.off_grid != 0)
      gate_.problem("the gate does not know what it has sent");
  }
  gate_.look_at_what_is_said();
  gate_.look_at_what_is_read();
  gate_.judge_books();
}

void ShardAudit::look_at_rest() {
  world_.drained = true;
  look();
  world_.drained = false;
  ++seen.rests;
  gate_.compare_book();
  pass_over_commands();
  if (!commands_.empty()) gate_.problem("a command of the edge was lost");
  if (world_.kind().follows && world_.follower().sequence() != world_.last_record())
    gate_.problem("the follower is not there");
  if (const char* what = world_.gate().engine().verify())
    gate_.problem(std::string("the incremental state is not the recomputed one: ") + what);
  for (std::uint32_t s = 0; s < sessions_.size(); ++s) {
    // Nothing that was read of a client who is there may be left.
    auto& logins = sessions_[s].logins;
    if (up_[s] && !logins.empty()) {
      std::deque<Bytes>& messages = logins.back()->messages;
      while (!messages.empty() && pass_over({s}, messages.front())) messages.pop_front();
      if (!messages.empty())
        gate_.problem("a message of session " + std::to_string(s) + " was lost");
    }
    if (deployment_.sessions[s].cancel_on_disconnect && !up_[s] &&
        world_.now_ns() > sessions_[s].down_since_ns + deployment_.sessions[s].disconnect_grace_ns +
                              10 * kTimersNs &&
        !gate_.live({s}).empty()) {
      gate_.problem("session " + std::to_string(s) + " is gone and its orders live");
    }
  }
}

void ShardAudit::finish() {
  look_at_rest();
  gate_.finish();
}

}  // namespace portcullis::test
