// A switch over an enumeration names all its values.
#include "risk/types.h"

using namespace portcullis::risk;

int days(TimeInForce time_in_force) {
  switch (time_in_force) {
    case TimeInForce::Day:
      return 1;
    case TimeInForce::GoodTillCancel:
      return 90;
    case TimeInForce::ImmediateOrCancel:
      return 0;
#ifndef WRONG
    case TimeInForce::FillOrKill:
      return 0;
#endif
  }
  return 0;
}
