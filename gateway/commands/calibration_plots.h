// The plots of a calibration's report, each one SVG element that needs nothing else. Coordinates are
// rounded to a tenth of a pixel: the pictures decide nothing.
#pragma once

#include <string>

#include "feeds/calibration/proposal.h"

namespace portcullis::gateway {

[[nodiscard]] std::string returns_plot(const feeds::calibration::FactorEvidence& factor);
[[nodiscard]] std::string tail_plot(const feeds::calibration::FactorEvidence& factor);
[[nodiscard]] std::string volatility_plot(const feeds::calibration::FactorEvidence& factor);
[[nodiscard]] std::string correlation_plot(const feeds::calibration::Evidence& evidence);
// Of the pairs whose correlation moved most; empty where there is none.
[[nodiscard]] std::string rolling_correlation_plot(const feeds::calibration::Evidence& evidence);

}  // namespace portcullis::gateway
