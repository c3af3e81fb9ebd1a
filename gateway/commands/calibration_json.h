// The file that `portcullis calibrate` writes: the parameters it proposes and the evidence.
//
// Every number is an integer: ppm where its name ends so, and a count of days or rows elsewhere.
// feeds/calibration/proposal.h defines each and says which way it is rounded.
#pragma once

#include <string>

#include "feeds/calibration/proposal.h"
#include "gateway/commands/calibration_inputs.h"

namespace portcullis::gateway {

[[nodiscard]] std::string calibration_json(const feeds::calibration::Evidence& evidence,
                                           const PriceInputs& inputs);

}  // namespace portcullis::gateway
