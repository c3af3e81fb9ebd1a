// Files of portfolios from anywhere: no crash, each portfolio begins on a line of its own, and is text
// that a JSON parser takes or refuses by itself.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/json.h"
#include "gateway/commands/margin_input.h"
#include "tests/fuzz/json_text.h"

using namespace portcullis;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const gateway::PortfolioTexts texts = gateway::split_portfolios(text);
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  std::size_t line = 1;
  for (const gateway::PortfolioText& portfolio : texts.portfolios) {
    require(portfolio.line >= line && portfolio.line <= lines);
    line = portfolio.line;
    require(!portfolio.json.empty());
    const config::JsonResult parsed = config::parse_json(portfolio.json);
    require(!parsed.error.empty() || parsed.json.kind == config::Json::Kind::Object);
  }
  require(!texts.portfolios.empty() || !texts.problems.empty());
  for (const std::string& problem : texts.problems)
    require(problem.starts_with("line ") || texts.portfolios.empty());
  return 0;
}
