#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  bool b = Lots{1} < 1;
#else
  bool b = Lots{1} < Lots{1};
#endif
  (void)b;
}
