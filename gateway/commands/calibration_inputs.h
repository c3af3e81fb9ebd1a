// What `portcullis calibrate` reads: price histories, and the output of the recalibration before.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"
#include "feeds/calibration/prices.h"

namespace portcullis::gateway {

struct PriceInputs {
  std::vector<feeds::calibration::PriceSeries> series{};
  std::vector<feeds::calibration::SeriesSource> sources{};  // of the series
  std::vector<std::string> sha256{};                        // of each one's file, in hex
  std::vector<std::string> left_out{};  // files of the folder that are no single history, and why
  std::vector<config::Problem> problems{};
};

// The series that `wanted` names, each NAME=FILE[:COLUMN[/DIVISOR]] with a file of the folder, with or
// without its .csv; where none is named, every .csv file of the folder with one column, under its
// file's name. Only days from `first` to `last` are taken.
[[nodiscard]] PriceInputs read_prices(const std::filesystem::path& folder,
                                      const std::vector<std::string>& wanted,
                                      feeds::calibration::Day first, feeds::calibration::Day last);

struct PreviousShocks {
  std::map<std::string, std::int64_t> shocks_ppm{};  // by factor
  std::vector<config::Problem> problems{};
};
// From a file that calibrate has written, of the same margin period.
[[nodiscard]] PreviousShocks parse_previous(std::string_view text, const std::string& file,
                                            std::size_t horizon);

}  // namespace portcullis::gateway
