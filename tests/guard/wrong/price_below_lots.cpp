#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  bool b = Price{1} < Lots{1};
#else
  bool b = Price{1} < Price{1};
#endif
  (void)b;
}
