// The report of a calibration for those who decide on it: one page, as Markdown with its plots beside
// it, and as HTML with everything in it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "feeds/calibration/proposal.h"
#include "gateway/commands/calibration_candidate.h"
#include "gateway/commands/calibration_inputs.h"

namespace portcullis::gateway {

// File names to texts: calibration.md, calibration.html and the plots that the first one shows.
[[nodiscard]] std::map<std::string, std::string> calibration_report(
    const feeds::calibration::Evidence& evidence, const PriceInputs& inputs,
    const std::vector<CandidateChange>& changes);

}  // namespace portcullis::gateway
