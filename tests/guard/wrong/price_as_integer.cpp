#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  std::int64_t p = Price{1};
#else
  std::int64_t p = Price{1}.raw;
#endif
  (void)p;
}
