#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  Value v = Wide{1};
#else
  Value v = Value{1};
#endif
  (void)v;
}
