#include "gateway/commands/margin_input.h"

#include <fmt/format.h>

#include "config/json.h"

namespace portcullis::gateway {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_of_number(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  PortfolioTexts split() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool begins_line = at_ == 0 || text_[at_ - 1] == '\n';
      if (depth_ > 0 && c == '{' && begins_line) break_off();
      if (depth_ == 0 && c == '{') {
        begin();
      } else if (depth_ == 0) {
        if (!is_space(c)) between_ += c;
      } else if (c == '"') {
        take_string();
        continue;
      } else if (c == '-' || (c >= '0' && c <= '9')) {
        take_number();
        continue;
      } else {
        take(c);
      }
      if (c == '\n') ++line_;
      ++at_;
    }
    if (depth_ > 0) break_off();
    check_between(is_list_ ? "]" : "");
    if (texts_.portfolios.empty() && texts_.problems.empty())
      texts_.problems.emplace_back("there is no portfolio");
    return std::move(texts_);
  }

 private:
  // A portfolio; what stands before it may only be what separates the items of a list.
  void begin() {
    if (texts_.portfolios.empty()) {
      is_list_ = between_ == "[";
      check_between(is_list_ ? "[" : "");
    } else {
      check_between(is_list_ ? "," : "");
    }
    texts_.portfolios.push_back({line_, "{"});
    depth_ = 1;
  }

  // The portfolio has no end before the next one: it ends where its last line does.
  void break_off() {
    std::string& json = texts_.portfolios.back().json;
    while (is_space(json.back())) json.pop_back();
    depth_ = 0;
  }

  void check_between(std::string_view expected) {
    if (between_ != expected) {
      texts_.problems.push_back(
          fmt::format("line {}: {} where {} was expected between portfolios", line_,
                      between_.empty() ? "nothing" : config::quote(between_.substr(0, 40)),
                      expected.empty() ? "nothing" : config::quote(expected)));
    }
    between_.clear();
  }

  void take(char c) {
    texts_.portfolios.back().json += c;
    if (c == '{' || c == '[') ++depth_;
    if (c == '}' || c == ']') --depth_;
  }

  // To its end, or to that of the line, where it has none.
  void take_string() {
    std::string& json = texts_.portfolios.back().json;
    bool escaped = false;
    do {
      json += text_[at_++];
      if (at_ == text_.size() || text_[at_] == '\n') return;
      escaped = !escaped && text_[at_ - 1] == '\\';
    } while (escaped || text_[at_] != '"');
    json += text_[at_++];
  }

  void take_number() {
    std::string& json = texts_.portfolios.back().json;
    json += '"';
    while (at_ < text_.size() && is_of_number(text_[at_])) json += text_[at_++];
    json += '"';
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  int depth_ = 0;
  bool is_list_ = false;
  std::string between_;  // since the last portfolio, without spaces
  PortfolioTexts texts_;
};

}  // namespace

PortfolioTexts split_portfolios(std::string_view text) { return Splitter(text).split(); }

}  // namespace portcullis::gateway
