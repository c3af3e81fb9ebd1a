#include "gateway/commands/page.h"

#include <fmt/format.h>

#include <string_view>

#include "gateway/commands/svg_plot.h"

namespace portcullis::gateway {

namespace {

constexpr std::string_view kStyle = R"(
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2937; background: #fff; max-width: 1000px;
       margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin-bottom: .3rem; }
h2 { font-size: 1.25rem; margin-top: 2.4rem; border-bottom: 1px solid #d5d9de; padding-bottom: .2rem; }
h3 { font-size: 1.05rem; margin-top: 1.8rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .6rem 0; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 10px; border-bottom: 1px solid #e3e6ea; text-align: right; white-space: nowrap; }
th { background: #f4f5f7; vertical-align: bottom; white-space: normal; }
th:first-child, td:first-child, .text th, .text td { text-align: left; }
.text td { white-space: normal; overflow-wrap: anywhere; }
.text td:first-child { white-space: nowrap; }
figure { margin: 1rem 0; }
figcaption { font-size: 13px; color: #4b5563; }
svg { max-width: 100%; height: auto; }
)";

std::string cell_markdown(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("|<*_[`").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

struct Markdown {
  std::string out{};
  void operator()(const Heading& heading) {
    out += fmt::format("{} {}\n\n", std::string(static_cast<std::size_t>(heading.level), '#'),
                       cell_markdown(heading.text));
  }
  void operator()(const Paragraph& paragraph) { out += cell_markdown(paragraph.text) + "\n\n"; }
  void operator()(const List& list) {
    for (const std::string& item : list.items) out += "- " + cell_markdown(item) + '\n';
    out += '\n';
  }
  void operator()(const Table& table) {
    const auto add = [&](const std::vector<std::string>& cells) {
      for (const std::string& cell : cells) out += "| " + cell_markdown(cell) + ' ';
      out += "|\n";
    };
    add(table.header);
    for (std::size_t i = 0; i < table.header.size(); ++i)
      out += i == 0 || table.is_text ? "|---" : "|---:";
    out += "|\n";
    for (const auto& row : table.rows) add(row);
    out += '\n';
  }
  void operator()(const Picture& picture) {
    out += fmt::format("![{}]({})\n\n{}\n\n", cell_markdown(picture.caption), picture.file,
                       cell_markdown(picture.caption));
  }
};

struct Html {
  std::string out{};
  void operator()(const Heading& heading) {
    out += fmt::format("<h{0}>{1}</h{0}>\n", heading.level, escape_xml(heading.text));
  }
  void operator()(const Paragraph& paragraph) {
    out += fmt::format("<p>{}</p>\n", escape_xml(paragraph.text));
  }
  void operator()(const List& list) {
    out += "<ul>\n";
    for (const std::string& item : list.items)
      out += fmt::format("<li>{}</li>\n", escape_xml(item));
    out += "</ul>\n";
  }
  void operator()(const Table& table) {
    out += fmt::format("<div class=\"wide\"><table{}>\n", table.is_text ? " class=\"text\"" : "");
    const auto add = [&](const std::vector<std::string>& cells, const char* tag) {
      out += "<tr>";
      for (const std::string& cell : cells)
        out += fmt::format("<{0}>{1}</{0}>", tag, escape_xml(cell));
      out += "</tr>\n";
    };
    add(table.header, "th");
    for (const auto& row : table.rows) add(row, "td");
    out += "</table></div>\n";
  }
  void operator()(const Picture& picture) {
    out += fmt::format("<figure>\n{}<figcaption>{}</figcaption>\n</figure>\n", picture.svg,
                       escape_xml(picture.caption));
  }
};

}  // namespace

std::string to_markdown(const Page& page) {
  Markdown markdown;
  for (const auto& block : page) std::visit(markdown, block);
  while (markdown.out.ends_with("\n\n")) markdown.out.pop_back();
  return std::move(markdown.out);
}

std::string to_html(const Page& page, const std::string& title) {
  Html html;
  for (const auto& block : page) std::visit(html, block);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
      escape_xml(title), kStyle, html.out);
}

}  // namespace portcullis::gateway
