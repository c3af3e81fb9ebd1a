#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  auto v = Price{1} * Lots{1};
#else
  auto v = Price{1}.raw * Lots{1}.raw;
#endif
  (void)v;
}
