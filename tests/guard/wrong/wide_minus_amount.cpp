#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  auto w = Wide{1} - Amount{1};
#else
  auto w = Wide{1} - Wide{1};
#endif
  (void)w;
}
