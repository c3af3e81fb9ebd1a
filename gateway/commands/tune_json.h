// What `portcullis tune --json` prints: one object. Amounts are decimal text, shares are in ppm.
#pragma once

#include <string>

#include "gateway/commands/tune_report.h"

namespace portcullis::gateway {

[[nodiscard]] std::string tune_json(const TuneReport& report);

}  // namespace portcullis::gateway
