// The report of `portcullis tune` for those who decide on limits: one page with everything in it.
#pragma once

#include <string>
#include <vector>

#include "gateway/commands/tune_configuration.h"
#include "gateway/commands/tune_report.h"
#include "gateway/commands/tune_suggestion.h"
#include "gateway/commands/tune_sweep.h"

namespace portcullis::gateway {

// `sweep` and `suggestion` may be null.
[[nodiscard]] std::string tune_page(const TuneReport& report,
                                    const std::vector<TuneDifference>& differences,
                                    const SweepResult* sweep, const Suggestion* suggestion);

}  // namespace portcullis::gateway
