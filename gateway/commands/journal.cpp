#include "gateway/commands/journal.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "gateway/commands/journal_folder.h"
#include "gateway/commands/journal_time.h"
#include "gateway/commands/record_filter.h"
#include "gateway/commands/record_json.h"
#include "gateway/commands/record_text.h"
#include "gateway/gate/record_fields.h"
#include "gateway/journal/reader.h"
#include "gateway/journal/seek.h"

namespace portcullis::gateway {

namespace {

struct JournalLine {
  std::string folder;
  std::string from;
  std::string to;
  std::string sequence;
  std::string account;
  std::string session;
  std::string instrument;
  std::string order;
  std::vector<std::string> types;
  std::uint64_t limit = 0;  // 0: none
  bool json = false;
  bool follow = false;
};

// --- the command line's texts

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A name, or #3.
template <class Index>
Index parse_index(const std::string& text, const config::SymbolTable<Index>* names,
                  std::string_view what) {
  if (text.starts_with('#')) {
    if (const auto index = parse_number<std::uint32_t>(std::string_view(text).substr(1)))
      return {*index};
  } else if (names == nullptr) {
    throw std::runtime_error(
        fmt::format("--{0} {1}: there are no names without a configuration.json beside the "
                    "journal; --{0} '#3' names it by its index",
                    what, text));
  } else if (const Index index = names->find(text); index.exists()) {
    return index;
  }
  throw std::runtime_error(fmt::format("--{} {}: there is none of this name", what, text));
}

std::string known_types() {
  std::string text;
  for (std::uint16_t type = 0; type < gate::kRecordTypesEnd; ++type) {
    const std::string_view name = gate::name_of(static_cast<gate::RecordType>(type));
    if (!name.empty()) text += fmt::format("{}{}", text.empty() ? "" : ", ", name);
  }
  return text;
}

std::uint16_t parse_type(const std::string& text) {
  for (std::uint16_t type = 0; type < gate::kRecordTypesEnd; ++type) {
    if (!text.empty() && gate::name_of(static_cast<gate::RecordType>(type)) == text) return type;
  }
  throw std::runtime_error(fmt::format("--type {}: is none of {}", text, known_types()));
}

// "5:9", "5:", ":9" and "5".
void parse_sequence(const std::string& text, RecordQuery& query) {
  const std::size_t colon = text.find(':');
  const std::string_view first = std::string_view(text).substr(0, colon);
  const std::string_view last =
      colon == std::string::npos ? first : std::string_view(text).substr(colon + 1);
  const auto begin =
      first.empty() ? std::optional(query.first) : parse_number<std::uint64_t>(first);
  const auto end = last.empty() ? std::optional(query.last) : parse_number<std::uint64_t>(last);
  if (!begin || !end || *begin > *end || (first.empty() && last.empty()))
    throw std::runtime_error(fmt::format("--sequence {}: must be A:B, A:, :B or A", text));
  query.first = *begin;
  query.last = *end;
}

// "12", or "ALPHA1:12" as the client names it.
void parse_order(const std::string& text, const config::Names* names, RecordQuery& query) {
  const std::size_t colon = text.rfind(':');
  const auto number = parse_number<std::uint32_t>(
      std::string_view(text).substr(colon == std::string::npos ? 0 : colon + 1));
  if (!number || *number == 0)
    throw std::runtime_error(fmt::format("--order {}: must be NUMBER or SESSION:CLIENTREF", text));
  if (colon == std::string::npos) {
    query.number = *number;
    return;
  }
  query.client_order = {
      parse_index(text.substr(0, colon), names ? &names->sessions : nullptr, "order"), *number};
}

// The day of a time without one: that of the journal's first record.
std::int64_t first_time(const std::filesystem::path& folder, std::uint64_t first) {
  journal::ReaderOptions options = reader_options(folder);
  options.from_sequence = first;
  journal::Reader reader(folder, options);
  journal::RecordView record;
  return reader.next(record) == journal::ReadStatus::Record ? record.time_ns : 0;
}

RecordQuery parse_query(const JournalLine& line, const config::Deployment* deployment,
                        std::uint64_t first) {
  RecordQuery query;
  const config::Names* names = deployment == nullptr ? nullptr : &deployment->names;
  const auto time = [&](const std::string& text, std::string_view option) {
    const auto parsed = parse_time(text, first_time(line.folder, first));
    if (parsed) return *parsed;
    throw std::runtime_error(fmt::format(
        "--{} {}: must be a UTC time such as 2026-01-05T10:00:00Z, or 10:00:00 of the journal's "
        "first day",
        option, text));
  };
  if (!line.from.empty()) query.from_ns = time(line.from, "from");
  if (!line.to.empty()) query.to_ns = time(line.to, "to");
  if (!line.sequence.empty()) parse_sequence(line.sequence, query);
  if (!line.account.empty())
    query.account = parse_index(line.account, names ? &names->accounts : nullptr, "account");
  if (!line.session.empty())
    query.session = parse_index(line.session, names ? &names->sessions : nullptr, "session");
  if (!line.instrument.empty())
    query.instrument =
        parse_index(line.instrument, names ? &names->instruments : nullptr, "instrument");
  if (!line.order.empty()) parse_order(line.order, names, query);
  for (const std::string& type : line.types) query.types.push_back(parse_type(type));
  return query;
}

// --- reading

// Nobody reads what is printed any more.
bool is_output_gone() {
  pollfd output{STDOUT_FILENO, 0, 0};
  return ::poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

// What is asked for, up to now or as it comes. False: damage, after all that is good.
bool print(const JournalLine& line) {
  constexpr std::chrono::milliseconds kFollowInterval{20};
  const auto deployment = find_deployment(line.folder);
  const std::uint64_t first =
      journal::sequence_before(line.folder, std::numeric_limits<std::int64_t>::min());
  const RecordQuery query = parse_query(line, deployment.get(), first);
  const RecordValues values(deployment.get());
  RecordFilter filter(query, deployment.get());
  journal::ReaderOptions options = reader_options(line.folder);
  options.from_sequence = first;
  journal::RecordView record;
  if (query.needs_chain()) {
    journal::Reader reader(line.folder, options);
    while (reader.next(record) == journal::ReadStatus::Record) filter.learn(record);
    filter.learned();
  }
  if (!query.needs_orders()) {
    options.from_sequence =
        std::max(query.first, journal::sequence_before(line.folder, query.from_ns));
  }
  journal::Reader reader(line.folder, options);
  std::uint64_t printed = 0;
  for (;;) {
    const journal::ReadStatus status = reader.next(record);
    if (status == journal::ReadStatus::Damaged) {
      std::cout.flush();
      std::cerr << reader.error() << '\n';
      return false;
    }
    if (status == journal::ReadStatus::End) {
      std::cout.flush();
      if (!line.follow || !std::cout || is_output_gone()) return true;
      std::this_thread::sleep_for(kFollowInterval);
      continue;
    }
    if (record.sequence > query.last || record.time_ns >= query.to_ns) return true;
    if (!filter.wants(record)) continue;
    std::cout << (line.json ? record_json(record, values) : record_text(record, values)) << '\n';
    if (!std::cout || ++printed == line.limit) return true;
  }
}

}  // namespace

void add_journal_command(CLI::App& app) {
  auto line = std::make_shared<JournalLine>();
  CLI::App* command = app.add_subcommand("journal", "the records of a gate's journal, in order");
  command->add_option("--journal", line->folder, "the journal's folder")->required();
  command->add_flag("--json", line->json, "one JSON object a line (gateway/journal/FORMAT.md)");
  command->add_option("--from", line->from,
                      "only from this time on: UTC as 2026-01-05T10:00:00Z, or 10:00:00 of the "
                      "journal's first day");
  command->add_option("--to", line->to, "only before this time");
  command->add_option("--sequence", line->sequence, "only the records A:B, A:, :B or A");
  command->add_option("--account", line->account,
                      "only what is about an account, a name or #index; this and the three below "
                      "read from the beginning, for cancels and executions name an order only");
  command->add_option("--session", line->session, "only what a session did, or is told");
  command->add_option("--instrument", line->instrument, "only what is about an instrument");
  command->add_option("--order", line->order,
                      "only what is about an order with all its replaces: the gate's number, or "
                      "SESSION:CLIENTREF");
  command->add_option("--type", line->types, "only these types: " + known_types())->delimiter(',');
  command->add_option("--limit", line->limit, "at most so many records")
      ->check(CLI::PositiveNumber);
  command->add_flag("--follow", line->follow, "go on with a journal that is being written");
  command->callback([line] {
    std::signal(SIGPIPE, SIG_IGN);  // who reads the first lines only ends it quietly
    bool good = false;
    try {
      good = print(*line);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
    }
    if (!good) throw CLI::RuntimeError(1);
  });
}

}  // namespace portcullis::gateway
