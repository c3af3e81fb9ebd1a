#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  auto p = Price{1} + Price{1};
#else
  auto p = Lots{1} + Lots{1};
#endif
  (void)p;
}
