#include "gateway/commands/tune.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "config/decimal.h"
#include "gateway/commands/journal_folder.h"
#include "gateway/commands/progress.h"
#include "gateway/commands/stats.h"
#include "gateway/commands/tune_configuration.h"
#include "gateway/commands/tune_json.h"
#include "gateway/commands/tune_page.h"
#include "gateway/commands/tune_report.h"
#include "gateway/commands/tune_suggestion.h"
#include "gateway/commands/tune_sweep.h"
#include "gateway/commands/tune_text.h"
#include "gateway/tune/study.h"
#include "risk/types.h"

namespace portcullis::gateway {

namespace {

using risk::kNsPerMs;

struct TuneLine {
  std::string journal;
  std::string candidate;
  std::string follow;  // empty: recorded, and candidate for a sweep
  std::string newly_allowed = "unfilled";
  std::vector<std::string> levels{"0.6", "0.75", "0.9", "1"};
  std::string near = "0.9";
  std::int64_t step_ms = 0;
  std::size_t examples = 3;
  std::vector<std::string> sweeps;
  std::string suggest;
  std::string percentile = "0.999";
  std::string headroom = "0.5";
  std::string out;
  bool json = false;
};

// Throws std::runtime_error where it is no share from 0 to 1.
std::int64_t parse_share(const std::string& text, const char* option) {
  const config::Decimal share = config::parse_decimal(text, config::kPpmScale);
  if (!share.ok() || share.value < 0 || share.value > risk::kPpm) {
    throw std::runtime_error(fmt::format("{}: {} is no share from 0 to 1 with at most {} decimals",
                                         option, text, config::kPpmScale));
  }
  return share.value;
}

tune::Convention convention_of(const TuneLine& line, tune::Follow otherwise) {
  tune::Convention convention{.follow = otherwise};
  if (line.follow == "recorded") convention.follow = tune::Follow::Recorded;
  if (line.follow == "candidate") convention.follow = tune::Follow::Candidate;
  if (line.newly_allowed == "filled") convention.newly_allowed = tune::NewlyAllowed::Filled;
  return convention;
}

void check_is_new(const std::string& folder, const char* option) {
  std::error_code error;
  if (folder.empty() || !std::filesystem::exists(folder, error)) return;
  if (!std::filesystem::is_directory(folder, error) || !std::filesystem::is_empty(folder, error)) {
    throw std::runtime_error(
        fmt::format("{}: {} is there already and not an empty folder", option, folder));
  }
}

void print_problems(const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems) std::cerr << config::to_text(problem) << '\n';
}

// What is asked for beside the one study, in the words of the command line.
struct Asked {
  std::vector<std::int64_t> levels_ppm;
  std::int64_t near_ppm = 0;
  std::vector<SweepAxis> axes;
  SuggestionSettings suggestion;
};

Asked parse(const TuneLine& line) {
  Asked asked;
  for (const std::string& level : line.levels)
    asked.levels_ppm.push_back(parse_share(level, "--level"));
  asked.near_ppm = parse_share(line.near, "--near");
  if (line.sweeps.size() > 2) throw std::runtime_error("--sweep: of one key, or of two");
  for (const std::string& text : line.sweeps) asked.axes.push_back(parse_sweep(text));
  asked.suggestion.percentile_ppm = parse_share(line.percentile, "--percentile");
  const config::Decimal headroom = config::parse_decimal(line.headroom, config::kPpmScale);
  if (!headroom.ok() || headroom.value < 0 || headroom.value > 100 * risk::kPpm)
    throw std::runtime_error("--headroom: must be a share from 0 to 100");
  asked.suggestion.headroom_ppm = headroom.value;
  check_is_new(line.suggest, "--suggest");
  return asked;
}

// One answer of a command that has several.
std::string with_member(std::string json, const char* name, const std::string& member) {
  json.resize(json.rfind('}'));
  return json + fmt::format(", \"{}\": {}}}\n", name, member);
}

// False where the candidate is none, which has been told.
bool run_tune(const TuneLine& line) {
  Asked asked = parse(line);
  const auto recorded = need_deployment(line.journal);
  const TuneTexts recorded_files = recorded_texts(recorded->canonical_text);
  const TuneTexts texts =
      line.candidate.empty() ? recorded_files : candidate_texts(recorded_files, line.candidate);
  const TuneCandidate candidate = load_candidate(texts, recorded_files, *recorded);
  print_problems(candidate.problems);
  if (!candidate.problems.empty()) return false;
  const config::Deployment& deployment = *candidate.deployment;

  const tune::Recording recording =
      tune::survey(line.journal, reader_options(line.journal), *recorded);
  if (recording.from_snapshot != 0) {
    std::cerr << fmt::format("the first records are gone: from the snapshot of record {} on\n",
                             recording.from_snapshot);
  }
  tune::StudyOptions options{
      .convention = convention_of(line, tune::Follow::Recorded),
      .utilisation = {.near_ppm = asked.near_ppm,
                      .step_ns = line.step_ms > 0 ? line.step_ms * kNsPerMs
                                                  : tune::default_step_ns(recording)},
      .examples_max = line.examples};
  const auto study = [&] {
    Progress progress("journal", recording.records);
    options.on_progress = [&](std::uint64_t done) { progress.at(done); };
    return std::make_unique<const tune::Study>(recording, deployment, options);
  }();
  options.on_progress = {};
  const TuneReport report = make_tune_report(recording, *study, line.candidate, asked.levels_ppm);
  std::string answer = line.json ? tune_json(report) : tune_text(report);

  std::optional<SweepResult> swept;
  if (!asked.axes.empty()) {
    std::size_t points = 1;
    for (const SweepAxis& axis : asked.axes) points *= axis.values.size();
    Progress progress("sweep", points);
    tune::StudyOptions of_point = options;
    of_point.convention = convention_of(line, tune::Follow::Candidate);
    of_point.examples_max = 0;
    swept = sweep(recording, texts, recorded_files, std::move(asked.axes), of_point,
                  [&](std::size_t done) { progress.at(done); });
    answer = line.json ? with_member(answer, "sweep", sweep_json(*swept, deployment))
                       : answer + sweep_text(*swept, deployment);
  }
  std::optional<Suggestion> suggestion;
  if (!line.suggest.empty()) {
    suggestion = suggest(recording, report, texts, recorded_files, asked.suggestion, options);
    answer = line.json ? with_member(answer, "suggestion", suggestion_json(*suggestion))
                       : answer + suggestion_text(*suggestion);
    const std::filesystem::path folder(line.suggest);
    std::filesystem::create_directories(folder);
    write_text(folder / "limits.json", suggestion->limits_json);
    write_text(folder / "evidence.json", suggestion_json(*suggestion) + "\n");
  }
  if (!line.out.empty()) {
    std::filesystem::create_directories(line.out);
    const std::filesystem::path folder(line.out);
    std::string json = line.json ? answer : tune_json(report);
    if (!line.json && swept) json = with_member(json, "sweep", sweep_json(*swept, deployment));
    if (!line.json && suggestion)
      json = with_member(json, "suggestion", suggestion_json(*suggestion));
    write_text(folder / "tune.json", json);
    write_text(folder / "tune.html",
               tune_page(report, differences_of(recorded_files, texts), swept ? &*swept : nullptr,
                         suggestion ? &*suggestion : nullptr));
  }
  std::cout << answer;
  return true;
}

}  // namespace

void add_tune_command(CLI::App& app) {
  auto line = std::make_shared<TuneLine>();
  CLI::App* command = app.add_subcommand(
      "tune", "what a candidate configuration would have made of a recorded journal");
  command->add_option("--journal", line->journal, "the journal's folder")->required();
  command->add_option("--candidate", line->candidate,
                      "the folder of another configuration, or of some of its files; without it "
                      "the recording's own "
                      "limits are looked at");
  command
      ->add_option(
          "--follow", line->follow,
          "what the state follows. recorded, the default but of a sweep: what really happened; "
          "each decision is "
          "compared on its own, what is newly refused is booked with the fills it had, what is "
          "newly "
          "allowed is not. candidate: its decisions; what is newly refused never was, with its "
          "fills and replacements, and what is newly allowed does as --newly-allowed says. Neither "
          "knows what traders would have done next")
      ->check(CLI::IsMember({"recorded", "candidate"}));
  command
      ->add_option(
          "--newly-allowed", line->newly_allowed,
          "with --follow candidate: unfilled, the default: cancelled by the venue at once; "
          "filled: in full at once, at its price")
      ->check(CLI::IsMember({"unfilled", "filled"}));
  command->add_option("--level", line->levels,
                      "warning levels, as shares of a limit; 0.6 0.75 0.9 1 by default");
  command->add_option("--near", line->near,
                      "a near miss passes and leaves so much of a limit used; 0.9 by default");
  command
      ->add_option(
          "--step", line->step_ms,
          "milliseconds of recorded time between two samples of what is in use; by default a "
          "thousandth of the recording, from 10 to 60000")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{86'400'000}));
  command->add_option("--examples", line->examples, "of each kind of change; 3 by default")
      ->check(CLI::Range(std::size_t{0}, std::size_t{100'000}));
  command->add_option(
      "--sweep", line->sweeps,
      "KEY=FROM:TO:STEP, of one key or of two: refusals and peak exposure against its value. A key "
      "is "
      "a path in limits.json, profiles.NAME.instruments.NAME.clip, where * stands for every name, "
      "or "
      "FILE.json:PATH. Each value is a replay of its own, which follows the candidate");
  command->add_option(
      "--suggest", line->suggest,
      "also limits from what is observed, as limits.json in this folder, which is empty or not "
      "there, with evidence.json; never applied by itself");
  command->add_option("--percentile", line->percentile,
                      "of --suggest: what is taken as observed; 0.999 by default");
  command->add_option("--headroom", line->headroom,
                      "of --suggest: how much more, as a share; 0.5 by default");
  command->add_option(
      "--out", line->out,
      "also a report in this folder: tune.html, which needs nothing else, and tune.json");
  command->add_flag("--json", line->json, "one JSON object");
  command->callback([line] {
    bool good = false;
    try {
      good = run_tune(*line);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
    }
    if (!good) throw CLI::RuntimeError(1);
  });
}

}  // namespace portcullis::gateway
