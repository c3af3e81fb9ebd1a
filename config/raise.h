// What a change of the configuration would change, limit by limit, and which of it is a raise: something is
// allowed, or costs less, that is not allowed, or costs more, now (ORDERLIFE 7). A raise may need a second
// person; what cannot be told to be none is one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::config {

struct Difference {
  std::string file;  // "limits.json"
  std::string path;  // "accounts.alpha-house.instruments.AMZN.clip"
  std::string from;  // JSON text; empty: it is not there
  std::string to;
  bool is_raise = false;
};

// Between two canonical texts (Deployment::canonical_text), with the overrides that are in them. A limit is
// told of its profile, by name, where that is the same one; of each account or node where it has another
// profile then, or an override. Profiles that nobody has say nothing by themselves.
[[nodiscard]] std::vector<Difference> differences(std::string_view from, std::string_view to);
[[nodiscard]] bool has_raise(const std::vector<Difference>& differences);

// When another value is a raise.
enum class Raises : std::uint8_t {
  More,   // a larger number
  Less,   // a smaller one
  True,   // true instead of false
  False,  // false instead of true
  Names,  // a list that has a name more
  Never,
};
// What stands for a value that is not there, or null.
enum class Absent : std::uint8_t { Unknown, NoLimit, Zero, One, False };
struct RaiseRule {
  std::string_view
      pattern;  // path_pattern.h; elements of lists are numbered. "PROFILE" is a profile
  Raises raises;
  Absent absent = Absent::Unknown;
};
// What no rule leads to is a raise however it changes.
[[nodiscard]] std::span<const RaiseRule> raise_rules();

}  // namespace portcullis::config
