// The plots of a tuning report, each one SVG element; empty where there is nothing to show.
#pragma once

#include <string>
#include <vector>

#include "gateway/commands/tune_report.h"
#include "gateway/commands/tune_sweep.h"

namespace portcullis::gateway {

// Refusals by reason, recorded and by the candidate.
[[nodiscard]] std::string reasons_plot(const tune::Comparison& comparison);
// Refusals by day, recorded and by the candidate.
[[nodiscard]] std::string days_plot(const tune::Comparison& comparison);
// How much of each limit is used: median, 95 and 99 per cent of the time, and the peak.
[[nodiscard]] std::string shares_plot(const std::vector<const KeyUse*>& keys,
                                      const std::vector<std::int64_t>& levels_ppm);
// The fullest standing limits over the recording.
[[nodiscard]] std::string series_plot(const TuneReport& report);
// The sizes of an instrument's orders beside the clips of those who sent them.
[[nodiscard]] std::string sizes_plot(const TuneReport& report, std::uint32_t instrument);
// Of one key: refusals and peak exposure against its value. Of two: a field of refusals.
[[nodiscard]] std::string sweep_plot(const SweepResult& result,
                                     const config::Deployment& deployment);

}  // namespace portcullis::gateway
