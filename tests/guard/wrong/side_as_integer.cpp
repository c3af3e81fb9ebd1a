#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  int s = Side::Buy;
#else
  int s = sign_of(Side::Buy);
#endif
  (void)s;
}
