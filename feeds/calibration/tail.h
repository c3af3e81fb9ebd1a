// What a sample of returns says of its tail.
//
// A side is what is lost: Down is what a long position loses, -return; Up what a short one loses,
// +return; both as shares of the price before. A tail is the share of the sample it holds, in ppm:
// 25,000 is what is called 97.5 %. With n losses, the worst first, and m = n * tail:
//
//   VaR = loss[floor(m)], counted from 0: at most m of the losses are worse. An observed loss, no
//         interpolation.
//   ES  = (loss[0] + ... + loss[k - 1] + (m - k) * loss[k]) / m, k = floor(m): the mean of the worst
//         m, the last of them by its fraction (METHOD 3.7). With m < 1 it is the worst loss.
//
// ES >= VaR. Either is below zero when even the tail gains.
//
// n * tail is exact, sums go from the worst loss on, so that the order of the days does not matter. The
// double in it may change the last bits of a sum, and thereby a figure in ppm by one where the exact
// value is within 1e-6 ppm of a whole one; nothing else.
#pragma once

#include <cstdint>
#include <vector>

namespace portcullis::feeds::calibration {

enum class Side : std::uint8_t { Down, Up };

// The losses of that side, the worst first.
[[nodiscard]] std::vector<double> losses_of(const std::vector<double>& returns, Side side);

// REQUIRES of both: losses are not empty, the worst first; 0 < tail_ppm < 1,000,000.
[[nodiscard]] double value_at_risk(const std::vector<double>& losses, std::int64_t tail_ppm);
[[nodiscard]] double expected_shortfall(const std::vector<double>& losses, std::int64_t tail_ppm);

// ES of two samples as one, in which the second has `weight_ppm` of the weight, spread evenly over
// its losses, and the first the rest: stressed observations get a share whatever their number.
[[nodiscard]] double mixed_shortfall(const std::vector<double>& losses,
                                     const std::vector<double>& stressed, std::int64_t weight_ppm,
                                     std::int64_t tail_ppm);

// Shares to ppm, at most 1e15 of them either way. What is within 1e-6 ppm of a whole number is that
// number.
[[nodiscard]] std::int64_t ceil_ppm(double share);
[[nodiscard]] std::int64_t floor_ppm(double share);
// Away from zero: a move never looks smaller than it was, whoever loses by it.
[[nodiscard]] std::int64_t outward_ppm(double share);

}  // namespace portcullis::feeds::calibration
