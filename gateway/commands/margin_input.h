// A file of portfolios, taken apart before anything is read of them, so that what is wrong with one
// does not stand in the way of the others.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::gateway {

struct PortfolioText {
  std::size_t line = 0;  // on which it begins, from 1
  std::string json;
};

struct PortfolioTexts {
  std::vector<PortfolioText> portfolios;
  // "line 7: ..." about what is between them.
  std::vector<std::string> problems;
};

// JSON objects one after the other, or one JSON list of them. A line that begins with { begins the
// next portfolio, even where the one before it has no end: a broken line costs one portfolio.
//
// Numbers become text ("0.1"): what parses JSON would make binary fractions of them.
[[nodiscard]] PortfolioTexts split_portfolios(std::string_view text);

}  // namespace portcullis::gateway
