#include "risk/types.h"

using namespace portcullis::risk;

void use() {
#ifdef WRONG
  std::uint32_t n = OrderIndex{1};
#else
  std::uint32_t n = OrderIndex{1}.value;
#endif
  (void)n;
}
