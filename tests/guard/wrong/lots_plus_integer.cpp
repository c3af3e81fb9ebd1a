#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  auto l = Lots{1} + 1;
#else
  auto l = Lots{1} + Lots{1};
#endif
  (void)l;
}
