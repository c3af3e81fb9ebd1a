// What an operator may do (gateway/control/verbs.h has the matrix). The numbers are on disk.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace portcullis::config {

enum class Role : std::uint8_t {
  Viewer = 0,    // looks
  Risk = 1,      // and stops, asks what an order would do, and proposes other limits
  Approver = 2,  // looks and asks; approves what others propose, and lets go on what was stopped
  Operator = 3,  // stops as Risk may; decides what is left open at the venue, and tells its books
};
inline constexpr std::array<std::string_view, 4> kRoleNames{"viewer", "risk", "approver",
                                                            "operator"};
constexpr std::string_view name_of(Role role) {
  const auto number = static_cast<std::size_t>(role);
  return number < kRoleNames.size() ? kRoleNames[number] : std::string_view();
}

}  // namespace portcullis::config
