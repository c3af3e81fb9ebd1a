// How often a name or an address may be wrong before nobody listens to it for a while.
#pragma once

#include <cstdint>
#include <vector>

#include "config/deployment.h"

namespace portcullis::gateway::security {

struct LoginLimitSettings {
  std::uint32_t attempts_max = 1;  // failed ones within the window; then it is locked
  std::int64_t window_ns = 0;
  std::int64_t lockout_ns = 0;
};

[[nodiscard]] LoginLimitSettings login_limits(const config::GatewaySettings& gateway);

// So many addresses are remembered, those that are locked longest.
inline constexpr std::uint32_t kAddressesMax = 1'024;

// Of one name (name_failures.h) or address. A good login forgets nothing of an address: whoever has
// one password there could guess others for ever.
class LoginFailures {
 public:
  [[nodiscard]] bool is_locked(std::int64_t now_ns) const { return now_ns < locked_until_ns_; }
  // True: this one locks it.
  bool failed(const LoginLimitSettings& settings, std::int64_t now_ns);
  void succeeded() { *this = {}; }
  // When nothing is left of it that counts.
  [[nodiscard]] std::int64_t forgotten_at_ns(const LoginLimitSettings& settings) const;

 private:
  std::int64_t window_began_ns_ = 0;
  std::int64_t locked_until_ns_ = 0;
  std::uint32_t count_ = 0;
};

// By address, in a bounded table: beyond it the one goes that would be forgotten first. One thread;
// allocates in the constructor only.
class AddressFailures {
 public:
  // REQUIRES addresses_max > 0.
  AddressFailures(const LoginLimitSettings& settings, std::uint32_t addresses_max);

  // An address is a number that is not 0 (number_of).
  [[nodiscard]] bool is_locked(std::uint64_t address, std::int64_t now_ns) const;
  bool failed(std::uint64_t address, std::int64_t now_ns);

 private:
  struct Place {
    std::uint64_t address = 0;  // 0: free
    LoginFailures failures;
  };
  [[nodiscard]] const Place* find(std::uint64_t address) const;

  LoginLimitSettings settings_;
  std::vector<Place> places_;
};

}  // namespace portcullis::gateway::security
