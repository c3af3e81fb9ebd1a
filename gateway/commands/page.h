// A page of headings, text, tables and pictures, as Markdown and as HTML.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace portcullis::gateway {

struct Heading {
  int level = 1;
  std::string text{};
};
struct Paragraph {
  std::string text{};
};
struct List {
  std::vector<std::string> items{};
};
// The first column is text, the others stand to the right unless `is_text`.
struct Table {
  std::vector<std::string> header{};
  std::vector<std::vector<std::string>> rows{};
  bool is_text = false;
};
struct Picture {
  std::string file{};  // of the Markdown page
  std::string caption{};
  std::string svg{};
};
using Page = std::vector<std::variant<Heading, Paragraph, List, Table, Picture>>;

[[nodiscard]] std::string to_markdown(const Page& page);
[[nodiscard]] std::string to_html(const Page& page, const std::string& title);

}  // namespace portcullis::gateway
