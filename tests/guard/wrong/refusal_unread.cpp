// What may refuse has to be looked at (the warning is an error here as in the build).
#include "risk/engine.h"

using namespace portcullis::risk;

void enter(Engine& engine, const NewOrder& order) {
#ifdef WRONG
  engine.decide(order);
#else
  (void)engine.decide(order);
#endif
}
