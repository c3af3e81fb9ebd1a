#include "gateway/commands/replay.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "config/load.h"
#include "gateway/commands/journal_folder.h"
#include "gateway/commands/stats.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/reader.h"

namespace portcullis::gateway {

namespace {

struct ReplayLine {
  std::string journal;
  std::string folder;
  bool json = false;
};

// The configuration the journal was begun under is kept beside it.
config::LoadResult load(const ReplayLine& line) {
  if (!line.folder.empty()) return config::load(line.folder);
  const std::filesystem::path path = std::filesystem::path(line.journal) / "configuration.json";
  return config::load_canonical(read_text(path), line.journal);
}

// When the venue's link went up and down, and how many orders were live then.
void tell_link(const journal::RecordView& view, gate::Gate& gate, std::string& links) {
  gate::VenueLinkRecord record;
  if (view.type != static_cast<std::uint16_t>(gate::RecordType::VenueLink) ||
      !journal::read_command(view, record) ||
      (record.change != gate::LinkChange::Up && record.change != gate::LinkChange::Down)) {
    return;
  }
  links +=
      fmt::format("{}{{\"change\": \"{}\", \"time_ns\": {}, \"live_orders\": {}}}",
                  links.empty() ? "" : ", ", record.change == gate::LinkChange::Up ? "up" : "down",
                  record.time.ns, gate.engine().live_orders());
}

int replay(const ReplayLine& line) {
  const config::LoadResult result = load(line);
  if (!result.ok()) {
    for (const config::Problem& problem : result.problems)
      std::cerr << config::to_text(problem) << '\n';
    return 1;
  }
  const follower::Resumed start =
      begin_reading(line.journal, result.deployment, follower::From::Earliest);
  gate::Gate& gate = *start.gate;
  journal::ReaderOptions options = reader_options(line.journal);
  options.from_sequence = start.position.sequence + 1;
  journal::Reader reader(line.journal, options);
  journal::RecordView record;
  journal::ReadStatus status{};
  std::uint64_t records = 0;
  std::uint64_t differences = 0;
  std::string links;
  while ((status = reader.next(record)) == journal::ReadStatus::Record) {
    ++records;
    const std::string difference = gate.replay(record);
    tell_link(record, gate, links);
    if (difference.empty()) continue;
    if (++differences <= 10) {
      std::cerr << fmt::format("record {} (type {}): {}\n", record.sequence, record.type,
                               difference);
    }
  }
  if (status == journal::ReadStatus::Damaged) throw std::runtime_error(reader.error());
  const char* verified = gate.engine().verify();
  if (line.json) {
    std::cout << fmt::format(
        "{{\"records\": {}, \"from_snapshot\": {}, \"differences\": {}, \"verified\": {}, "
        "\"state_hash\": \"{:016x}\", \"links\": [{}]}}\n",
        records, start.snapshot, differences, verified == nullptr, gate.engine().state_hash(),
        links);
  } else {
    std::cout << fmt::format("{} records, {} differences, state {:016x}, recompute {}\n", records,
                             differences, gate.engine().state_hash(),
                             verified == nullptr ? "equal" : verified);
  }
  return differences == 0 && verified == nullptr ? 0 : 1;
}

}  // namespace

void add_replay_command(CLI::App& app) {
  auto line = std::make_shared<ReplayLine>();
  CLI::App* command = app.add_subcommand("replay", "decide a recorded journal again and compare");
  command->add_option("--journal", line->journal, "the journal's folder")->required();
  command->add_option("--config", line->folder, "another configuration than the recorded one");
  command->add_flag("--json", line->json, "one JSON object");
  command->callback([line] {
    int code = 1;
    try {
      code = replay(*line);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
    }
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace portcullis::gateway
