// What process.json says of the control plane.
#pragma once

#include <optional>

#include "config/control_settings.h"
#include "config/load_steps.h"

namespace portcullis::config {

// Of process.json; none: it has no control plane. Its problems are recorded.
[[nodiscard]] std::optional<ControlSettings> load_control(const Loading& loading,
                                                          const Json& process);

// Of the edge and of the control plane.
TlsSettings read_tls(const Loading& loading, JsonReader& in);

}  // namespace portcullis::config
