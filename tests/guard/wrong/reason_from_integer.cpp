#include "risk/reject_reason.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  RejectReason r = 1;
#else
  RejectReason r = RejectReason::None;
#endif
  (void)r;
}
