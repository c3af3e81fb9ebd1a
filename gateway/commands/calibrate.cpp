#include "gateway/commands/calibrate.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "config/decimal.h"
#include "feeds/calibration/proposal.h"
#include "gateway/commands/calibration_candidate.h"
#include "gateway/commands/calibration_inputs.h"
#include "gateway/commands/calibration_json.h"
#include "gateway/commands/calibration_report.h"
#include "gateway/commands/stats.h"

namespace portcullis::gateway {

namespace {

namespace calibration = feeds::calibration;
using Problems = std::vector<config::Problem>;
using Texts = std::map<std::string, std::string>;

constexpr std::size_t kHorizonMax = 60;
constexpr std::size_t kRowsMax = 1'024;

struct CalibrateLine {
  std::string prices;
  std::string out;
  std::vector<std::string> series;
  std::string from;
  std::string to;
  std::string previous;
  std::string report;
  std::string base;
  std::string candidate;
  CandidateOptions options;
  calibration::Settings settings;
  std::string step_max;
  std::string jump;
};

// An option that is a share, as decimal text.
void take_share(const std::string& text, const char* option, std::int64_t& ppm,
                Problems& problems) {
  if (text.empty()) return;
  const config::Decimal value = config::parse_decimal(text, 6);
  if (value.ok() && value.value > 0 && value.value < risk::kPpm) {
    ppm = value.value;
  } else {
    problems.push_back({option, "", text, "must be more than 0 and less than 1"});
  }
}

calibration::Day take_day(const std::string& text, const char* option, calibration::Day otherwise,
                          Problems& problems) {
  if (text.empty()) return otherwise;
  const auto day = calibration::parse_day(text);
  if (!day) problems.push_back({option, "", text, "is no date as 2020-03-12"});
  return day.value_or(otherwise);
}

// A folder that is not there yet, or has nothing in it.
void check_is_new(const std::string& folder, const char* option, Problems& problems) {
  std::error_code error;
  if (folder.empty() || !std::filesystem::exists(folder, error)) return;
  if (!std::filesystem::is_directory(folder, error) || !std::filesystem::is_empty(folder, error))
    problems.push_back({option, "", folder, "is there already and not an empty folder"});
}

bool print(const Problems& problems) {
  std::cerr << to_text(problems);
  return problems.empty();
}

void write_all(const std::string& folder, const Texts& texts) {
  std::filesystem::create_directories(folder);
  for (const auto& [name, text] : texts) write_text(std::filesystem::path(folder) / name, text);
}

std::string summary(const calibration::Evidence& evidence) {
  std::string text =
      fmt::format("{} factors, {} joint rows, {} to {}\n", evidence.factors.size(),
                  evidence.joint.days.size(), calibration::to_text(evidence.joint.days.front()),
                  calibration::to_text(evidence.joint.days.back()));
  text += fmt::format("{:<16} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "factor", "shock",
                      "scaled", "floor", "before", "residual", "leverage");
  const auto share = [](std::int64_t ppm) { return config::to_decimal(ppm, 6); };
  for (const calibration::FactorEvidence& factor : evidence.factors) {
    text += fmt::format("{:<16} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}\n", factor.name,
                        share(factor.shock_ppm), share(factor.scaled_ppm), share(factor.floor_ppm),
                        factor.previous_ppm ? share(*factor.previous_ppm) : "-",
                        share(factor.residual_ppm), share(factor.leverage_ppm));
  }
  return text;
}

// False where anything was wrong, which has been told.
bool run_calibrate(CalibrateLine line) {
  Problems problems;
  take_share(line.step_max, "--step-max", line.settings.step_max_ppm, problems);
  take_share(line.jump, "--jump", line.settings.findings.jump_ppm, problems);
  constexpr calibration::Day kMost = std::numeric_limits<calibration::Day>::max();
  const calibration::Day from = take_day(line.from, "--from", -kMost, problems);
  const calibration::Day to = take_day(line.to, "--to", kMost, problems);
  check_is_new(line.candidate, "--candidate", problems);
  if (!print(problems)) return false;

  const PriceInputs inputs = read_prices(line.prices, line.series, from, to);
  PreviousShocks previous;
  if (!line.previous.empty())
    previous = parse_previous(read_text(line.previous), line.previous, line.settings.horizon);
  const bool read = print(inputs.problems);
  if (!print(previous.problems) || !read) return false;

  const calibration::Calibration result =
      calibration::calibrate(inputs.series, line.settings, previous.shocks_ppm);
  for (const std::string& problem : result.problems) std::cerr << problem << '\n';
  if (!result.problems.empty()) return false;
  const calibration::Evidence& evidence = result.evidence;

  Candidate candidate;
  if (!line.candidate.empty())
    candidate = make_candidate(read_configuration(line.base), evidence, line.options);
  if (!print(candidate.problems)) return false;

  if (!line.candidate.empty()) write_all(line.candidate, candidate.texts);
  if (!line.report.empty())
    write_all(line.report, calibration_report(evidence, inputs, candidate.changes));
  write_text(line.out, calibration_json(evidence, inputs));
  for (const std::string& file : inputs.left_out) std::cerr << "not read: " << file << '\n';
  for (const calibration::Finding& finding : evidence.findings)
    std::cerr << "look at: " << finding.text << '\n';
  std::cout << summary(evidence);
  return true;
}

}  // namespace

void add_calibrate_command(CLI::App& app) {
  auto line = std::make_shared<CalibrateLine>();
  calibration::Settings& settings = line->settings;
  CLI::App* command = app.add_subcommand(
      "calibrate", "shocks, haircuts and leverage caps from price histories, with the evidence");
  command
      ->add_option("--prices", line->prices, "the folder of daily prices, CSV with a Date column")
      ->required();
  command->add_option("--out", line->out, "the file of evidence and proposed parameters, JSON")
      ->required();
  command->add_option(
      "--series", line->series,
      "NAME=FILE[:COLUMN[/DIVISOR]], as often as wanted; by default every file with "
      "one column");
  command->add_option("--from", line->from, "leave out the days before");
  command->add_option("--to", line->to, "leave out the days behind");
  command->add_option(
      "--previous", line->previous,
      "the file of the recalibration before: shocks move by at most a step from it");
  command->add_option("--step-max", line->step_max, "that step, as a share; 0.1 by default");
  command->add_option("--report", line->report,
                      "also a report in this folder: calibration.html, calibration.md and plots");
  CLI::Option* const base = command->add_option(
      "--base", line->base, "the configuration whose parameters a candidate replaces");
  CLI::Option* const candidate =
      command->add_option("--candidate", line->candidate,
                          "also that candidate, in a folder that is empty or not there");
  base->needs(candidate);
  candidate->needs(base);
  command
      ->add_option("--set", line->options.set,
                   "of the base: the set whose grids are calibrated, where several have some")
      ->needs(candidate);
  command
      ->add_option("--keep", line->options.keep,
                   "a factor of the base without a history, whose shocks stay")
      ->needs(candidate);
  command
      ->add_option("--rows", line->options.rows,
                   "days of history in the candidate's ES sets; the base's number by default")
      ->check(CLI::Range(std::size_t{1}, kRowsMax))
      ->needs(candidate);
  command->add_option("--horizon", settings.horizon, "days of the margin period; 1 by default")
      ->check(CLI::Range(std::size_t{1}, kHorizonMax));
  command
      ->add_option("--haircut-horizon", settings.haircut_horizon,
                   "days in which collateral is sold; 5 by default")
      ->check(CLI::Range(std::size_t{1}, kHorizonMax));
  command->add_option("--floor-years", settings.floor_years, "years of the floor; 10 by default")
      ->check(CLI::Range(1, 100));
  command->add_option("--jump", line->jump,
                      "name moves of a day that fall by this share or undo that; 0.3 by default");
  command->callback([line] {
    bool good = false;
    try {
      good = run_calibrate(*line);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
    }
    if (!good) throw CLI::RuntimeError(1);
  });
}

}  // namespace portcullis::gateway
