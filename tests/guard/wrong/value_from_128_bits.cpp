#include "risk/types.h"

using namespace portcullis::risk;

void use(int i) {
#ifdef WRONG
  Value v{Int128{1} << i};
#else
  Value v{std::int64_t{1} << i};
#endif
  (void)v;
}
