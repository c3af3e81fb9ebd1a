// A record of the gate's journal as one line for people.
//   sequence, UTC time, type, what it says | messages owed to clients: session#number what
#pragma once

#include <string>

#include "gateway/commands/record_values.h"
#include "gateway/journal/format.h"

namespace portcullis::gateway {

// Without a line end. Bytes of peers that are not printable are shown as \xNN.
[[nodiscard]] std::string record_text(const journal::RecordView& record,
                                      const RecordValues& values);

}  // namespace portcullis::gateway
