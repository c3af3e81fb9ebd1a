// The description of the control plane that it gives of itself: gateway/control/openapi.json, as it was
// when this was built.
#pragma once

#include <string_view>

namespace portcullis::gateway::control {

extern const std::string_view kOpenApiDocument;

}  // namespace portcullis::gateway::control
