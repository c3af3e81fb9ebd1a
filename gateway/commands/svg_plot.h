// Pieces of plots, each a part of one SVG element that needs nothing else. Coordinates are rounded to a
// tenth of a pixel: pictures decide nothing.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace portcullis::gateway {

// For text between tags and in attributes.
[[nodiscard]] std::string escape_xml(std::string_view text);

namespace svg {

inline constexpr double kWidth = 760;
inline constexpr double kHeight = 230;
inline constexpr double kLeft = 58;
inline constexpr double kRight = 92;  // room for the names of lines
inline constexpr double kTop = 12;
inline constexpr double kBottom = 34;
inline constexpr const char* kBlue = "#2563a8";
inline constexpr const char* kRed = "#b23a2a";
inline constexpr const char* kGreen = "#2e7d4f";
inline constexpr const char* kAmber = "#a06a00";
inline constexpr const char* kGrey = "#6b7280";
inline constexpr const char* kRule = "#e3e6ea";
inline constexpr const char* kText = "#1f2937";
inline constexpr std::array<const char*, 4> kColours{kBlue, kRed, kGreen, kAmber};

// From values to pixels, both ways linear. REQUIRES max > min.
struct Frame {
  double x_min = 0;
  double x_max = 1;
  double y_min = 0;
  double y_max = 1;
  [[nodiscard]] double x(double value) const {
    return kLeft + (value - x_min) / (x_max - x_min) * (kWidth - kLeft - kRight);
  }
  [[nodiscard]] double y(double value) const {
    return kHeight - kBottom - (value - y_min) / (y_max - y_min) * (kHeight - kTop - kBottom);
  }
};

// "</svg>" ends it.
[[nodiscard]] std::string open(double width, double height, const std::string& title);
[[nodiscard]] std::string line(double x1, double y1, double x2, double y2, const char* colour,
                               const char* more = "");
[[nodiscard]] std::string label(double x, double y, const std::string& text,
                                const char* colour = kGrey, const char* anchor = "start");
[[nodiscard]] std::string box(double x, double y, double width, double height,
                              const std::string& colour);
// Through the points, in pixels.
[[nodiscard]] std::string path(const std::vector<std::pair<double, double>>& points,
                               const char* colour, double width);

// A step of 1, 2 or 5 times a power of ten that gives about five of them.
[[nodiscard]] double step_of(double range);
// Rules across the plot with their values at the left.
[[nodiscard]] std::string y_axis(const Frame& frame, std::string (*text_of)(double));
// A level across the plot with its name at the right.
[[nodiscard]] std::string level(const Frame& frame, double value, const std::string& name,
                                const char* colour);

}  // namespace svg
}  // namespace portcullis::gateway
