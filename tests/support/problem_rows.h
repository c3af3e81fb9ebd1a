// Tables of what is wrong with a configuration: a sample with one thing changed, and the problem
// that must be told, with its path and value.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"
#include "tests/support/example_config.h"

namespace portcullis::test {

struct Row {
  Change change;
  std::string path;              // of the problem, in the same file; "=": that of the change
  std::string value;             // of the problem; "=": that of the change; empty: not looked at
  std::string what;              // which the problem's text contains
  std::size_t count = 1;         // of problems: one mistake is one, but where a name goes lost
  std::vector<Change> before{};  // changes that are no problem without the last
  std::string file{};            // of the problem; empty: that of the change
};

inline void expect_problems(const Sample& sample, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    Texts texts = sample.texts;
    for (const Change& change : row.before) apply(texts, change);
    apply(texts, row.change);
    const config::LoadResult result = sample.load(texts);
    const std::string path = row.path == "=" ? row.change.path : row.path;
    const std::string value = row.value == "=" ? row.change.value : row.value;
    const auto fits = [&](const config::Problem& problem) {
      return problem.file == (row.file.empty() ? row.change.file : row.file) &&
             problem.path == path && (value.empty() || problem.value == value) &&
             problem.what.find(row.what) != std::string::npos;
    };
    EXPECT_TRUE(std::any_of(result.problems.begin(), result.problems.end(), fits))
        << row.change.path << " = " << row.change.value << ": expected: " << row.what << "\nwas:\n"
        << problems_text(result);
    EXPECT_EQ(result.problems.size(), row.count)
        << row.change.path << " = " << row.change.value << "\n"
        << problems_text(result);
  }
}

// The problem is where the change is, with its value.
inline Row set(std::string file, std::string path, std::string value, std::string what,
               std::size_t count = 1) {
  return {{Change::Kind::Set, std::move(file), std::move(path), std::move(value)},
          "=",
          "=",
          std::move(what),
          count};
}
inline Row add(std::string file, std::string path, std::string value, std::string what,
               std::size_t count = 1) {
  return {{Change::Kind::Add, std::move(file), std::move(path), std::move(value)},
          "=",
          "=",
          std::move(what),
          count};
}
inline Row drop(std::string file, std::string path, std::string what = "is missing",
                std::size_t count = 1) {
  return {{Change::Kind::Remove, std::move(file), std::move(path), ""},
          "=",
          "",
          std::move(what),
          count};
}
// The problem is somewhere else in the file.
inline Row at(std::string path, Row row) {
  row.path = std::move(path);
  row.value.clear();
  return row;
}
// ... or in another file.
inline Row at(std::string file, std::string path, Row row) {
  row.file = std::move(file);
  return at(std::move(path), std::move(row));
}
// After changes that are no problem alone.
inline Row after(std::vector<Change> before, Row row) {
  row.before = std::move(before);
  return row;
}

}  // namespace portcullis::test
