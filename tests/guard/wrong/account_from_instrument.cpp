#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  AccountIndex a = InstrumentIndex{1};
#else
  AccountIndex a = AccountIndex{1};
#endif
  (void)a;
}
