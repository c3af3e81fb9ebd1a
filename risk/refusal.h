// The arithmetic of a refusal. Included by the files of the engine that refuse.
#pragma once

#include <cstdint>

#include "risk/commands.h"

namespace portcullis::risk {

// Fills it in; needed is more than available.
inline RejectReason refuse(RejectReason reason, Decision& decision, std::int64_t limit,
                           std::int64_t needed, std::int64_t available) {
  decision.limit = limit;
  decision.needed = needed;
  decision.available = available;
  decision.shortfall = needed - available;
  return reason;
}

inline std::int64_t saturate(Int128 value) {
  bool in_range = true;
  return narrow(value, in_range);
}

}  // namespace portcullis::risk
