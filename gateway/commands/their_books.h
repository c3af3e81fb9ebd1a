// Positions and balances as a venue or a clearing house tells them: CSV, a header and a line each.
//   account,instrument,lots       whole lots
//   account,instrument,quantity   decimals, a whole number of lots
//   account,asset,amount          decimals
// Names are ours; a field may be in double quotes, and "" in them is one. Empty lines mean nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/deployment.h"

namespace portcullis::gateway {

enum class BookKind : std::uint8_t { Positions, Balances };

struct TheirBook {
  struct Row {
    std::string account;
    std::string thing;        // instrument or asset
    std::int64_t amount = 0;  // lots or units, where both names are known
    bool is_zero = true;
    std::string text;  // as it stands there
  };
  BookKind kind = BookKind::Positions;
  std::vector<Row> rows;
  std::vector<std::string> problems;  // with file and line; if any, the rows are not all there
};

[[nodiscard]] TheirBook parse_book(std::string_view text, std::string_view file,
                                   const config::Deployment& deployment);

}  // namespace portcullis::gateway
