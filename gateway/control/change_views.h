// What the control plane shows of changes of limits, in JSON.
#pragma once

#include <string_view>
#include <vector>

#include "config/overrides.h"
#include "config/raise.h"
#include "gateway/json/writer.h"
#include "gateway/parameters/change_exchange.h"

namespace portcullis::gateway::control {

// "differences", at most kDifferencesMax of them, and "differences_total", in the object that is open.
inline constexpr std::size_t kDifferencesMax = 100;
void write_differences(json::Writer& out, const std::vector<config::Difference>& differences);

// An overridden limit, an object.
void write_limit(json::Writer& out, const config::LimitOverride& limit);

// All of it, an object.
void write_changes(json::Writer& out, const parameters::ChangesView& view);

// "changes_open", how many wait for an approval, and for their time, and "overrides", all in force, in the
// object that is open. Null: there are none.
void write_open_changes(json::Writer& out, const parameters::ChangesView* view);
// "overrides" in force, in the object that is open: those of one account or node.
void write_overrides(json::Writer& out, const parameters::ChangesView* view, bool of_account,
                     std::string_view target);

}  // namespace portcullis::gateway::control
