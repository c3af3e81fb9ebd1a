#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  bool b = AccountIndex{1} == SessionIndex{1};
#else
  bool b = AccountIndex{1} == AccountIndex{1};
#endif
  (void)b;
}
