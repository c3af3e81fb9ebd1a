// Replies of the control plane as tables, for people.
#pragma once

#include <string>

#include "config/json.h"
#include "gateway/control/verbs.h"

namespace portcullis::gateway {

// REQUIRES: a reply of this verb that is no refusal. What a table has no column for is left out; all
// of it is in the JSON.
[[nodiscard]] std::string control_text(control::Verb verb, const config::Json& reply);
// "not_permitted: the role viewer may not kill", with each problem on a line of its own.
[[nodiscard]] std::string control_refusal(const config::Json& reply);

}  // namespace portcullis::gateway
