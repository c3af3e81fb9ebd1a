#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  OrderIndex o = 1u;
#else
  OrderIndex o = {1u};
#endif
  (void)o;
}
