#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  Lots l{1.5};
#else
  Lots l{1};
#endif
  (void)l;
}
