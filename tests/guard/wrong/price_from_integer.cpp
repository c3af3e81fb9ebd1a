#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  Price p = 1;
#else
  Price p = {1};
#endif
  (void)p;
}
