#pragma once
// The matching engine and its journal: what the venue has said survives kill -9, with the book and
// the numbers behind it. Every input is journaled with the messages it caused, and apply() returns
// when that record is published, so whatever the owner sends after that is never taken back.
//
// Opening applies the recorded inputs again and compares what they cause with what was recorded.
//
// Records: Configure (settings), OpenSession, Input (u32 session, then the payload), and Rest:
// messages of the Input before it that did not fit its record. A stream is a session, with its
// index.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gateway/journal/journal.h"
#include "gateway/journal/reader.h"
#include "gateway/venue_sim/matching_engine.h"

namespace portcullis::gateway::venue_sim {

struct DurableEngineOptions {
  journal::Options journal;  // stream_count is set here
  // As many as there were, or more.
  std::uint32_t session_count = 1;
  // From now on; they may differ from what they were when the journal was last open.
  Faults faults{};
  std::vector<ouch::Symbol> symbols{};
};

// One thread. Times are nanoseconds since the epoch; one that goes back is taken as the newest so
// far.
class DurableEngine {
 public:
  // Creates the journal or recovers it. Throws std::runtime_error: the journal cannot be opened,
  // may have lost records with the machine, or tells another story than this program.
  DurableEngine(const DurableEngineOptions& options, std::uint64_t now_ns);

  // Applies and journals one inbound payload. False, and nothing has happened, when it is no OUCH
  // message. Waits while the journal is full; throws std::runtime_error when it stays so.
  bool apply(SessionIndex session, std::uint64_t now_ns, std::span<const std::byte> payload);

  const MatchingEngine& engine() const { return engine_; }
  journal::Journal& journal() { return *journal_; }
  const journal::Journal& journal() const { return *journal_; }

  // The SoupBinTCP session, ten characters: the same for the life of the journal, and another one
  // for another journal.
  std::string session_name(SessionIndex session) const;

  // Marks the journal as left in good order; nothing may be applied afterwards. False when the disk
  // would not.
  bool close() { return journal_->close(); }

 private:
  enum class RecordType : std::uint16_t { Configure = 1, OpenSession = 2, Input = 3, Rest = 4 };

  void recover();
  void apply_record(const journal::RecordView& record);
  std::uint64_t advance_time(std::uint64_t now_ns);
  // Publishes `command_` with the messages of out_ from first_unjournaled_ on, in as many records
  // as they need.
  void journal_outbox(RecordType type);
  void wait_for_room();

  std::filesystem::path directory_;
  bool manual_flush_;
  std::unique_ptr<journal::Journal> journal_;
  MatchingEngine engine_;
  std::uint64_t created_ns_ = 0;
  std::uint64_t last_ns_ = 0;
  std::vector<std::byte> command_;
  Outbox out_;
  std::size_t first_unjournaled_ = 0;  // of out_.messages
};

}  // namespace portcullis::gateway::venue_sim
