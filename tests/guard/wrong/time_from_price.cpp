#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  Timestamp t = Price{1};
#else
  Timestamp t = Timestamp{1};
#endif
  (void)t;
}
