#include "gateway/venue_sim/durable_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace portcullis::gateway::venue_sim {

namespace {

constexpr std::uint64_t kDayNs = 86'400'000'000'000;

// The fixed part of a Configure command; the symbols follow.
struct ConfigureCommand {
  std::uint64_t day_start_ns = 0;
  std::uint64_t seed = 0;
  std::uint32_t reject_every = 0;
  std::uint32_t dead_every = 0;
  std::uint32_t ignore_replace_every = 0;
  std::uint32_t cancel_out_every = 0;
  std::uint32_t bust_per_million = 0;
  std::uint32_t symbol_count = 0;
};
static_assert(journal::is_journal_command<ConfigureCommand>);

std::vector<std::byte> encode(const EngineSettings& settings) {
  const Faults& faults = settings.faults;
  const ConfigureCommand fixed{
      .day_start_ns = settings.day_start_ns,
      .seed = faults.seed,
      .reject_every = faults.reject_every,
      .dead_every = faults.dead_every,
      .ignore_replace_every = faults.ignore_replace_every,
      .cancel_out_every = faults.cancel_out_every,
      .bust_per_million = faults.bust_per_million,
      .symbol_count = static_cast<std::uint32_t>(settings.symbols.size()),
  };
  const auto head = journal::command_bytes(fixed);
  const auto symbols = std::as_bytes(std::span(settings.symbols));
  std::vector<std::byte> bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), symbols.begin(), symbols.end());
  return bytes;
}

bool decode(std::span<const std::byte> bytes, EngineSettings& settings) {
  ConfigureCommand fixed;
  if (bytes.size() < sizeof fixed) return false;
  std::memcpy(&fixed, bytes.data(), sizeof fixed);
  bytes = bytes.subspan(sizeof fixed);
  if (bytes.size() != fixed.symbol_count * sizeof(ouch::Symbol)) return false;
  settings.day_start_ns = fixed.day_start_ns;
  settings.faults = {.reject_every = fixed.reject_every,
                     .dead_every = fixed.dead_every,
                     .ignore_replace_every = fixed.ignore_replace_every,
                     .cancel_out_every = fixed.cancel_out_every,
                     .bust_per_million = fixed.bust_per_million,
                     .seed = fixed.seed};
  settings.symbols.resize(fixed.symbol_count);
  if (!bytes.empty()) std::memcpy(settings.symbols.data(), bytes.data(), bytes.size());
  return true;
}

}  // namespace

DurableEngine::DurableEngine(const DurableEngineOptions& options, std::uint64_t now_ns)
    : directory_(options.journal.directory), manual_flush_(options.journal.manual_flush) {
  journal::Options journal_options = options.journal;
  journal_options.stream_count = options.session_count;
  journal_ = std::make_unique<journal::Journal>(journal_options);
  if (journal_->recovery().possible_loss) {
    throw std::runtime_error(
        fmt::format("venue: the journal in {} may have lost records with the machine; move it away "
                    "to begin a new session",
                    directory_.string()));
  }
  recover();
  if (engine_.session_count() > options.session_count) {
    throw std::runtime_error(fmt::format("venue: the journal in {} has {} sessions, not {}",
                                         directory_.string(), engine_.session_count(),
                                         options.session_count));
  }

  advance_time(now_ns);
  if (created_ns_ == 0) created_ns_ = last_ns_;
  const EngineSettings settings{.day_start_ns = created_ns_ / kDayNs * kDayNs,
                                .faults = options.faults,
                                .symbols = options.symbols};
  if (journal_->recovery().last_sequence == 0 || settings != engine_.settings()) {
    engine_.configure(settings);
    command_ = encode(settings);
    journal_outbox(RecordType::Configure);
  }
  while (engine_.session_count() < options.session_count) {
    engine_.open_session(last_ns_, out_);
    command_.clear();
    journal_outbox(RecordType::OpenSession);
  }
}

bool DurableEngine::apply(SessionIndex session, std::uint64_t now_ns,
                          std::span<const std::byte> payload) {
  // Advancing the time early is harmless where nothing is applied.
  if (!engine_.apply(session, advance_time(now_ns), payload, out_)) return false;
  command_.resize(sizeof session + payload.size());
  std::memcpy(command_.data(), &session, sizeof session);
  std::memcpy(command_.data() + sizeof session, payload.data(), payload.size());
  journal_outbox(RecordType::Input);
  return true;
}

// From the time of creation in milliseconds, so that another journal has other names.
std::string DurableEngine::session_name(SessionIndex session) const {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string name = "V00000000";
  std::uint64_t left = created_ns_ / 1'000'000;
  for (std::size_t i = name.size(); i-- > 1; left /= kDigits.size()) {
    name[i] = kDigits[left % kDigits.size()];
  }
  return name + kDigits[session % kDigits.size()];
}

std::uint64_t DurableEngine::advance_time(std::uint64_t now_ns) {
  last_ns_ = std::max(last_ns_, now_ns);
  return last_ns_;
}

// --- Writing

void DurableEngine::journal_outbox(RecordType type) {
  do {
    std::size_t size = journal::command_part_bytes(command_.size());
    std::size_t end = first_unjournaled_;
    for (; end < out_.messages.size(); ++end) {
      const std::size_t part = journal::outbound_part_bytes(out_.messages[end].size);
      if (size + part > journal_->record_bytes_max()) break;
      size += part;
    }
    wait_for_room();
    journal_->begin(static_cast<std::uint16_t>(type), static_cast<std::int64_t>(last_ns_),
                    command_);
    for (; first_unjournaled_ < end; ++first_unjournaled_) {
      const Outbox::Message& message = out_.messages[first_unjournaled_];
      journal_->add_outbound(static_cast<std::uint16_t>(message.session), out_.payload(message));
    }
    journal_->publish();
    type = RecordType::Rest;
    command_.clear();
  } while (first_unjournaled_ < out_.messages.size());
  out_.clear();
  first_unjournaled_ = 0;
}

void DurableEngine::wait_for_room() {
  constexpr int kTries = 50'000;  // ten seconds and a little
  for (int i = 0; i < kTries; ++i) {
    if (journal_->room() != journal::Room::None) return;
    if (manual_flush_) journal_->flush();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  throw std::runtime_error(fmt::format("venue: the journal in {} stays full: {}",
                                       directory_.string(),
                                       std::generic_category().message(journal_->last_error())));
}

// --- Recovery

void DurableEngine::recover() {
  const std::uint64_t last = journal_->recovery().last_sequence;
  if (last == 0) return;
  journal::Reader reader(directory_);
  while (reader.next_sequence() <= last) {
    journal::RecordView record;
    if (reader.next(record) != journal::ReadStatus::Record) {
      throw std::runtime_error(fmt::format("venue: record {} of the journal cannot be read: {}",
                                           reader.next_sequence(), reader.error()));
    }
    apply_record(record);
  }
  // Killed between the records of one input: nobody has seen the messages that are missing.
  command_.clear();
  if (first_unjournaled_ < out_.messages.size()) journal_outbox(RecordType::Rest);
  out_.clear();
  first_unjournaled_ = 0;
}

void DurableEngine::apply_record(const journal::RecordView& record) {
  const auto wrong = [&](std::string_view what) {
    throw std::runtime_error(fmt::format("venue: record {} of the journal in {}: {}",
                                         record.sequence, directory_.string(), what));
  };
  advance_time(static_cast<std::uint64_t>(record.time_ns));
  const auto type = RecordType{record.type};
  if (type != RecordType::Rest) {
    if (first_unjournaled_ < out_.messages.size()) wrong("messages of the one before are missing");
    out_.clear();
    first_unjournaled_ = 0;
  }
  switch (type) {
    case RecordType::Configure: {
      EngineSettings settings;
      if (!decode(record.command, settings)) wrong("the settings cannot be read");
      if (created_ns_ == 0) created_ns_ = last_ns_;
      engine_.configure(settings);
      break;
    }
    case RecordType::OpenSession:
      engine_.open_session(last_ns_, out_);
      break;
    case RecordType::Input: {
      SessionIndex session = 0;
      if (record.command.size() < sizeof session) wrong("too short");
      std::memcpy(&session, record.command.data(), sizeof session);
      if (session >= engine_.session_count()) wrong("a session that was not opened");
      if (!engine_.apply(session, last_ns_, record.command.subspan(sizeof session), out_)) {
        wrong("no OUCH message");
      }
      break;
    }
    case RecordType::Rest:
      break;
    default:
      wrong("an unknown type");
  }
  record.for_each_outbound([&](const journal::OutboundView& said) {
    if (first_unjournaled_ == out_.messages.size()) wrong("a message that is not said now");
    const Outbox::Message& message = out_.messages[first_unjournaled_++];
    if (said.stream != message.session ||
        !std::ranges::equal(said.payload, out_.payload(message))) {
      wrong("a message differs from what is said now");
    }
  });
}

}  // namespace portcullis::gateway::venue_sim
