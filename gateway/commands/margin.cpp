#include "gateway/commands/margin.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "config/json.h"
#include "config/load.h"
#include "gateway/commands/margin_answer.h"
#include "gateway/commands/margin_evaluation.h"
#include "gateway/commands/margin_input.h"
#include "gateway/commands/margin_portfolio.h"

namespace portcullis::gateway {

namespace {

using Problems = std::vector<config::Problem>;

struct MarginLine {
  std::string folder;
  std::string file;
  bool json = false;
};

// "-" is the standard input.
std::optional<std::string> read_input(const std::string& file) {
  const auto all_of = [](std::istream& in) {
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  };
  if (file == "-") return all_of(std::cin);
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  return all_of(in);
}

// "line 3, hedged": where a portfolio begins, and its name where it has one.
std::string label_of(const PortfolioText& text, const config::Json& json) {
  const config::Json* const name = json.find("name");
  if (name == nullptr || name->kind != config::Json::Kind::Text)
    return fmt::format("line {}", text.line);
  return fmt::format("line {}, {}", text.line, name->text);
}

// The answer, or none where there are problems.
std::optional<std::string> answer(const config::Deployment& deployment, const PortfolioText& text,
                                  bool as_json, Problems& problems) {
  const config::JsonResult json = config::parse_json(text.json);
  if (!json.error.empty()) {
    const std::size_t line = text.line + (json.line == 0 ? 0 : json.line - 1);
    problems.push_back({fmt::format("line {}", line), "", "", "is no JSON: " + json.error});
    return std::nullopt;
  }
  const std::string label = label_of(text, json.json);
  const auto portfolio = read_portfolio(json.json, label, deployment, problems);
  if (!portfolio) return std::nullopt;
  const auto evaluation = evaluate(deployment, *portfolio, label, problems);
  if (!evaluation) return std::nullopt;
  return as_json ? answer_json(deployment, *portfolio, *evaluation) + '\n'
                 : answer_text(deployment, *portfolio, *evaluation);
}

// False where anything was wrong.
bool run_margin(const MarginLine& line) {
  const config::LoadResult result = config::load_model(line.folder);
  std::cerr << to_text(result.problems);
  if (!result.problems.empty()) return false;
  const auto input = read_input(line.file);
  if (!input) {
    std::cerr << line.file << ": cannot be read\n";
    return false;
  }
  const PortfolioTexts texts = split_portfolios(*input);
  bool ok = texts.problems.empty();
  bool is_first = true;
  for (const PortfolioText& text : texts.portfolios) {
    Problems problems;
    const auto answered = answer(result.deployment, text, line.json, problems);
    std::cerr << to_text(problems);
    ok = problems.empty() && ok;
    if (!answered) continue;
    if (!line.json && !is_first) std::cout << '\n';
    is_first = false;
    std::cout << *answered << std::flush;
  }
  for (const std::string& problem : texts.problems) std::cerr << problem << '\n';
  return ok;
}

}  // namespace

void add_margin_command(CLI::App& app) {
  auto line = std::make_shared<MarginLine>();
  CLI::App* command =
      app.add_subcommand("margin", "what portfolios require and why, and what-if orders");
  command->add_option("--config", line->folder, "the folder of the margin model and its limits")
      ->required();
  command->add_option("--portfolio", line->file, "the portfolios' file; - is the standard input")
      ->required();
  command->add_flag("--json", line->json, "one JSON object for each portfolio, on a line");
  command->callback([line] {
    if (!run_margin(*line)) throw CLI::RuntimeError(1);
  });
}

}  // namespace portcullis::gateway
