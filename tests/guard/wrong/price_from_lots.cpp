#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  Price p = Lots{1};
#else
  Price p = Price{1};
#endif
  (void)p;
}
