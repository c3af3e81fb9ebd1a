#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  Price p = Mark{1};
#else
  Price p = {Mark{1}.raw};
#endif
  (void)p;
}
