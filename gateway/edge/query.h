// The parameters of a query, the text behind the '?' of a target.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace portcullis::gateway::edge {

class Query {
 public:
  // False: more than kParametersMax, one twice, or a wrong percent sign; problem() says which.
  [[nodiscard]] bool parse(std::string_view text);
  [[nodiscard]] const std::string& problem() const { return problem_; }

  // Empty where it is not there, or is empty.
  [[nodiscard]] std::string_view get(std::string_view name) const;

  // The first parameter that is none of these; empty: all are.
  [[nodiscard]] std::string_view unknown(std::initializer_list<std::string_view> known) const;

  static constexpr std::size_t kParametersMax = 32;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
  std::string problem_;
};

}  // namespace portcullis::gateway::edge
