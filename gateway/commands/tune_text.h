// What `portcullis tune` prints.
#pragma once

#include <string>

#include "gateway/commands/tune_report.h"

namespace portcullis::gateway {

[[nodiscard]] std::string tune_text(const TuneReport& report);

// A table whose first column stands to the left, the others to the right.
[[nodiscard]] std::string columns_text(const std::vector<std::vector<std::string>>& rows);

}  // namespace portcullis::gateway
