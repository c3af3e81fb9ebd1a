// Failed logins of one name. Whoever knows a name can guess, and must not keep its owner out: the
// name's lock-out does not hold for the addresses from which it was logged in last, whose failures
// count by address alone. So guesses are bounded everywhere, and who has been there before comes back.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "gateway/security/login_limits.h"

namespace portcullis::gateway::security {

class NameFailures {
 public:
  static constexpr std::size_t kKnownMax = 4;  // addresses; 0 is none

  [[nodiscard]] bool is_locked(std::uint64_t address, std::int64_t now_ns) const {
    return failures_.is_locked(now_ns) && !is_known(address);
  }
  // True: this one locks it.
  bool failed(const LoginLimitSettings& settings, std::uint64_t address, std::int64_t now_ns) {
    return !is_known(address) && failures_.failed(settings, now_ns);
  }
  // From a new address it forgets what failed before; from a known one nothing, for that is the
  // owner who returns while others guess.
  void succeeded(std::uint64_t address) {
    if (!is_known(address)) failures_.succeeded();
    if (address == 0) return;
    auto place = std::find(known_.begin(), known_.end(), address);
    if (place == known_.end()) --place;
    *place = address;
    std::rotate(known_.begin(), place, place + 1);
  }

 private:
  [[nodiscard]] bool is_known(std::uint64_t address) const {
    return address != 0 && std::find(known_.begin(), known_.end(), address) != known_.end();
  }

  LoginFailures failures_;
  std::array<std::uint64_t, kKnownMax> known_{};  // newest first
};

}  // namespace portcullis::gateway::security
