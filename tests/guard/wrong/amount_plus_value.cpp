#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  auto a = Amount{1} + Value{1};
#else
  auto a = Amount{1} + Amount{1};
#endif
  (void)a;
}
