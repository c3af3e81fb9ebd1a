// Rows of text for people.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace portcullis::gateway {

// Columns as wide as their widest cell, numbers to the right.
class TextTable {
 public:
  TextTable(std::initializer_list<std::string_view> head) {
    add(std::vector<std::string>(head.begin(), head.end()));
  }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string text() const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (const auto& row : rows_) {
      for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
    }
    std::string out;
    for (const auto& row : rows_) {
      std::string line;
      for (std::size_t c = 0; c < row.size(); ++c) {
        const bool is_number =
            !row[c].empty() && row[c].find_first_not_of("-.0123456789") == row[c].npos;
        line += fmt::format(fmt::runtime(is_number ? "{:>{}}  " : "{:<{}}  "), row[c], widths[c]);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + '\n';
    }
    return out;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace portcullis::gateway
