// Prices what it reads, for compare.py: lines "call|put forward strike years volatility discount",
// all numbers as C writes hexadecimal doubles; answers "price delta" in the same way.

#include <cstdio>
#include <cstring>

#include "feeds/black76.h"

int main() {
  using portcullis::feeds::OptionKind;
  char kind[8];
  portcullis::feeds::Black76Inputs inputs;
  while (std::scanf("%7s %la %la %la %la %la", kind, &inputs.forward, &inputs.strike, &inputs.years,
                    &inputs.volatility, &inputs.discount) == 6) {
    inputs.kind = std::strcmp(kind, "call") == 0 ? OptionKind::Call : OptionKind::Put;
    const portcullis::feeds::Black76 value = portcullis::feeds::black76(inputs);
    std::printf("%a %a\n", value.price, value.delta);
  }
  return std::feof(stdin) != 0 ? 0 : 1;
}
