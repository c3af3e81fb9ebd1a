// From a decoded request to the engine's commands: whole lots and ticks (ORDERLIFE 1, "Mapping").
// What is off the grid or out of range is a flag or a fault of form in the command, so that the
// engine refuses it in its order of precedence, and the journal has it.
#pragma once

#include <string_view>

#include "gateway/gate/records.h"
#include "gateway/json/decode.h"
#include "gateway/json/symbols.h"
#include "risk/commands.h"

namespace portcullis::gateway::json {

// GTC -> Day; IOC; FOK -> FillOrKill, without a minimum quantity; PostOnly -> Day with the flag. A
// market order without a life is IOC; with GTC or PostOnly the engine refuses it. time, session,
// account, client_ref, the duplicate flag and the name are left to the caller. REQUIRES: a create
// without a fault.
[[nodiscard]] risk::NewOrder new_order(const OrderRequest& request, const Symbols& symbols);
// The same of this instrument, which may be none, whatever the request's category and symbol say.
[[nodiscard]] risk::NewOrder new_order(const OrderRequest& request,
                                       risk::InstrumentIndex instrument, const Symbols& symbols);

// What an amend starts from: the newest terms of the order.
struct Terms {
  risk::InstrumentIndex instrument;
  risk::Lots quantity;
  risk::Price price;
  bool post_only = false;
};
// A price or quantity that is not given stays. time, session and the numbers are left to the caller.
// REQUIRES: an amend without a fault.
[[nodiscard]] risk::ReplaceOrder replace_order(const OrderRequest& request, const Terms& terms,
                                               const Symbols& symbols);

// REQUIRES: at most kLinkMax characters.
[[nodiscard]] gate::OrderName order_name(std::string_view link);
[[nodiscard]] std::string_view text_of(const gate::OrderName& name);

}  // namespace portcullis::gateway::json
