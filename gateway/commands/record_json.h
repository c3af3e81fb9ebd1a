// A record of the gate's journal as one line of JSON: every field under its own name with the
// integer that lies in the journal, and beside it what that says: _name of an index or an
// enumerator, _decimal of ticks, lots and units, _utc of a time. gateway/journal/FORMAT.md has the
// rules; tests/journal/read.py writes the same lines from that page alone.
#pragma once

#include <string>

#include "gateway/commands/record_values.h"
#include "gateway/journal/format.h"

namespace portcullis::gateway {

// Without a line end.
[[nodiscard]] std::string record_json(const journal::RecordView& record,
                                      const RecordValues& values);

}  // namespace portcullis::gateway
