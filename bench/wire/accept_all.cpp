// The gate with its engine stubbed out: linked with the whole of the program, in place of what decides on a
// new order (CMakeLists.txt wraps the two functions below). Every order is accepted unseen, and no account
// is brought up to date, neither before the decision nor behind it.
//
// All else runs as it does in the gate: sessions, messages, the journal with its flusher and follower, the
// numbers of orders, and the books that an order is entered in and taken out of again (Engine::apply), with
// what it reserves. No check is made and no margin worked out; the books are right all the same.
#include "risk/engine.h"

namespace portcullis::risk {

extern "C" {

// Engine::refresh(AccountIndex)
void __real__ZN10portcullis4risk6Engine7refreshENS0_5IndexINS0_10AccountTagEEE(Engine*,
                                                                               AccountIndex);
void __wrap__ZN10portcullis4risk6Engine7refreshENS0_5IndexINS0_10AccountTagEEE(Engine*,
                                                                               AccountIndex) {}

// Engine::decide(const NewOrder&)
Decision __real__ZN10portcullis4risk6Engine6decideERKNS0_8NewOrderE(Engine*, const NewOrder*);
Decision __wrap__ZN10portcullis4risk6Engine6decideERKNS0_8NewOrderE(Engine* engine,
                                                                    const NewOrder* order) {
  Decision decision;
  decision.parameter_version = engine->parameters().version;
  decision.price = order->price;
  decision.disposition = Disposition::Forward;
  decision.number = engine->next_number();
  decision.order = {engine->free_order_};
  decision.node = order->account.value;
  return decision;
}

}  // extern "C"

// Nothing links where one of them has another name.
[[gnu::used]] const auto kRefresh =
    &__real__ZN10portcullis4risk6Engine7refreshENS0_5IndexINS0_10AccountTagEEE;
[[gnu::used]] const auto kDecide = &__real__ZN10portcullis4risk6Engine6decideERKNS0_8NewOrderE;

}  // namespace portcullis::risk
