// A gate and its venue as processes, and more than the gate can take: two clients that send without
// end what adds risk, with exits in between and cancels of all that was accepted, and a quiet one
// beside them. Afterwards everything is accounted for.
#pragma once

#include <chrono>

namespace portcullis::test {

// For so long. Fails the test where a cancel or an exit does not pass, an order is not answered or
// refused for something else, memory grows, or the gate is not as before when it is over.
void run_overloaded(std::chrono::milliseconds duration);

}  // namespace portcullis::test
