#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  Amount a = Lots{1};
#else
  Amount a = {Lots{1}.raw};
#endif
  (void)a;
}
