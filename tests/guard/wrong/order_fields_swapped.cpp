// An order's price and quantity, the wrong way round.
#include "risk/commands.h"

using namespace portcullis::risk;

NewOrder order() {
  NewOrder order;
#ifdef WRONG
  order.price = Lots{5};
  order.quantity = Price{100};
#else
  order.price = Price{100};
  order.quantity = Lots{5};
#endif
  return order;
}
