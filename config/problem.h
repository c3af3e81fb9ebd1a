// What is wrong with a configuration, one thing.
#pragma once

#include <string>
#include <vector>

namespace portcullis::config {

struct Problem {
  std::string file;  // "limits.json"
  std::string
      path;  // "profiles.maker.instruments.BTC-PERP.clip", "balances[2].amount"; empty: file
  std::string value;  // what stands there, as JSON text; empty when nothing does
  std::string what;   // "is missing", "must be a whole number from 1 to 65535"
};

// "limits.json: profiles.maker.instruments.BTC-PERP.clip: "0.0005": is no whole number of lots".
[[nodiscard]] std::string to_text(const Problem& problem);
// Each on a line of its own.
[[nodiscard]] std::string to_text(const std::vector<Problem>& problems);

}  // namespace portcullis::config
