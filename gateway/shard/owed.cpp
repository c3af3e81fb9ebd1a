// What clients are owed: their sessions' streams leave, those of clients that are behind too, and
// nobody is waited for.
#include "gateway/shard/shard.h"

namespace portcullis::gateway::shard {

// Lets the session's stream leave: replay and live are one path, a cursor over the journal's
// stream. What is not in the ring any more is read from files by somebody else.
bool Shard::pump(Client& client) {
  if (client.session.exists() && client.soup.is_active()) {
    const auto stream = static_cast<std::uint16_t>(client.session.value);
    std::span<const std::byte> payload;
    while (client.next < journal_.stream_next(stream)) {
      if (journal_.recent(stream, client.next, payload)) {
        if (!client.soup.send_sequenced(payload)) break;
        ++client.next;
      } else if (!queue_old(client, stream)) {
        break;
      }
    }
    if (client.is_behind && client.next == journal_.stream_next(stream)) leave_files(client);
  }
  if (!client.is_open) return true;  // its stream could not be read
  if (client.session.exists()) {
    client.is_current |=
        client.next == journal_.stream_next(static_cast<std::uint16_t>(client.session.value));
  }
  bool worked = false;
  bool is_refused = false;
  for (;;) {
    const std::span<const std::byte> output = may_leave(client.marks, client.soup.output());
    if (output.empty()) break;
    const std::ptrdiff_t n = transport_.write(client.connection, output);
    if (n < 0) {
      drop(client);
      return true;
    }
    is_refused = n == 0;
    if (is_refused) break;
    client.soup.sent(static_cast<std::size_t>(n));
    client.marks.sent(static_cast<std::size_t>(n));
    client.stuck_since_ns = 0;
    worked = true;
  }
  if (client.soup.is_done()) {
    drop(client);
    return true;
  }
  if (is_refused) {
    let_go_if_slow(client);
  } else {
    client.stuck_since_ns = 0;  // what is still there waits for the disk, not for the client
  }
  return worked;
}

// All of it in durability process; else what durable records have caused.
std::span<const std::byte> Shard::may_leave(OutputMarks& marks,
                                            std::span<const std::byte> output) noexcept {
  if (!waits_for_disk_) return output;
  return output.first(marks.may_leave(output.size(), journal_.published_sequence(), durable_));
}

// A client that does not read holds up nobody: its messages wait in the journal. One that takes
// nothing at all from a full buffer for as long as a silent peer is given is let go; or at once,
// where that is its policy, though not before it has caught up with what it has missed.
void Shard::let_go_if_slow(Client& client) {
  if (client.soup.output_room() >= soup::kHeaderSize + ouch::kMaxMessageSize) return;
  if (client.stuck_since_ns == 0) client.stuck_since_ns = now_ns_;
  const bool at_once =
      client.session.exists() && client.is_current &&
      deployment_.sessions[client.session.value].slow_consumer == config::SlowConsumer::Disconnect;
  if (!at_once && now_ns_ - client.stuck_since_ns <= deployment_.gateway.times.silence_ns) return;
  ++counters_.slow_consumers;
  drop(client);
}

// From the block that was read of its stream, as much as there is room for in its buffer and in this
// pass: a long replay takes turns with everybody's orders. The cursor is the client's own, so that
// nothing is lost or comes twice where a block ends, or the ring has overtaken it. False: no more for
// now.
bool Shard::queue_old(Client& client, std::uint16_t stream) {
  const std::uint32_t place = client.connection - Transport::kVenue - 1;
  if (const journal::StreamBlock* block = streams_.block(place)) {
    if (block->status != journal::ReadStatus::Record) {
      // Its next login is refused where the messages are gone; the journal's checks tell of damage.
      ++(block->status == journal::ReadStatus::Removed ? counters_.streams_removed
                                                       : counters_.streams_unreadable);
      drop(client);
      return false;
    }
    const std::uint64_t first = block->messages.front().stream_sequence;
    const std::uint64_t end = first + block->messages.size();
    const std::uint64_t began = client.next;
    while (client.next < end && old_messages_left_ > 0 &&
           client.soup.send_sequenced(block->messages[client.next - first].payload)) {
      ++client.next;
      --old_messages_left_;
    }
    if (client.next < end) return false;
    if (client.next > began) return true;  // and the next one may be in the ring
  }
  const std::uint64_t flushed = journal_.stream_flushed(stream);
  if (client.next <= flushed) client.is_behind |= streams_.ask(place, stream, client.next, flushed);
  return false;
}

void Shard::leave_files(Client& client) {
  if (!client.is_behind) return;
  client.is_behind = false;
  streams_.cancel(client.connection - Transport::kVenue - 1);
}

}  // namespace portcullis::gateway::shard
