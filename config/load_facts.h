// Facts of the venue's books, as they are in a file of an operator's commands.
#pragma once

#include <optional>

#include "config/deployment.h"
#include "config/facts.h"
#include "config/json_reader.h"

namespace portcullis::config {

// What an object of a commands file tells (state_file.h has its keys); none after a problem.
// REQUIRES: its action is the name of a fact.
[[nodiscard]] std::optional<NumberedFact> read_fact(JsonReader& in, const Deployment& deployment);

}  // namespace portcullis::config
