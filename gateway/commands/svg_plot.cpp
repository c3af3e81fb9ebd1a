#include "gateway/commands/svg_plot.h"

#include <fmt/format.h>

#include <cmath>

namespace portcullis::gateway {

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

namespace svg {

std::string open(double width, double height, const std::string& title) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" width=\"{:.0f}\" "
      "height=\"{:.0f}\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
      width, height, width, height, escape_xml(title));
}

std::string line(double x1, double y1, double x2, double y2, const char* colour, const char* more) {
  return fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"{}/>\n", x1, y1,
      x2, y2, colour, more);
}

std::string label(double x, double y, const std::string& text, const char* colour,
                  const char* anchor) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"{}\" text-anchor=\"{}\">{}</text>\n",
                     x, y, colour, anchor, escape_xml(text));
}

std::string box(double x, double y, double width, double height, const std::string& colour) {
  return fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"/>\n", x, y,
      width, height, colour);
}

std::string path(const std::vector<std::pair<double, double>>& points, const char* colour,
                 double width) {
  std::string d;
  for (const auto& [x, y] : points)
    d += fmt::format("{}{:.1f} {:.1f}", d.empty() ? "M" : "L", x, y);
  return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{:g}\"/>\n", d,
                     colour, width);
}

double step_of(double range) {
  const double power = std::pow(10.0, std::floor(std::log10(range / 5)));
  for (const double times : {1.0, 2.0, 5.0}) {
    if (range / (power * times) <= 6) return power * times;
  }
  return power * 10;
}

std::string y_axis(const Frame& frame, std::string (*text_of)(double)) {
  std::string out;
  const double step = step_of(frame.y_max - frame.y_min);
  const auto first = static_cast<int>(std::ceil(frame.y_min / step));
  const auto last = static_cast<int>(std::floor(frame.y_max / step + 1e-6));
  for (int i = first; i <= last; ++i) {
    const double value = i * step;
    const double y = frame.y(value);
    out += line(kLeft, y, kWidth - kRight, y, kRule);
    out += label(kLeft - 6, y + 4, text_of(value), kGrey, "end");
  }
  return out;
}

std::string level(const Frame& frame, double value, const std::string& name, const char* colour) {
  const double y = frame.y(value);
  return line(kLeft, y, kWidth - kRight, y, colour, " stroke-dasharray=\"5 3\"") +
         label(kWidth - kRight + 4, y + 4, name, colour);
}

}  // namespace svg
}  // namespace portcullis::gateway
