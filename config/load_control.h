// What process.json says of the control plane.
#pragma once

#include <optional>
#include <string>

#include "config/control_settings.h"
#include "config/load_steps.h"

namespace portcullis::config {

// Of process.json; none: it has no control plane. Its problems are recorded.
[[nodiscard]] std::optional<ControlSettings> load_control(const Loading& loading,
                                                          const Json& process);

// --- what the readers of process.json share
std::string read_address(JsonReader& in);
TlsSettings read_tls(const Loading& loading, JsonReader& in);

}  // namespace portcullis::config
