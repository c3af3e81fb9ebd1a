#include "gateway/security/login_limits.h"

#include <algorithm>

namespace portcullis::gateway::security {

LoginLimitSettings login_limits(const config::GatewaySettings& gateway) {
  return {.attempts_max = gateway.login_attempts_max,
          .window_ns = gateway.login_window_ns,
          .lockout_ns = gateway.lockout_ns};
}

bool LoginFailures::failed(const LoginLimitSettings& settings, std::int64_t now_ns) {
  if (is_locked(now_ns)) return false;
  if (count_ == 0 || now_ns - window_began_ns_ >= settings.window_ns) {
    window_began_ns_ = now_ns;
    count_ = 0;
  }
  if (++count_ < settings.attempts_max) return false;
  count_ = 0;
  locked_until_ns_ = now_ns + settings.lockout_ns;
  return true;
}

std::int64_t LoginFailures::forgotten_at_ns(const LoginLimitSettings& settings) const {
  return std::max(locked_until_ns_, count_ == 0 ? 0 : window_began_ns_ + settings.window_ns);
}

AddressFailures::AddressFailures(const LoginLimitSettings& settings, std::uint32_t addresses_max)
    : settings_(settings), places_(addresses_max) {}

const AddressFailures::Place* AddressFailures::find(std::uint64_t address) const {
  const auto place = std::find_if(places_.begin(), places_.end(),
                                  [address](const Place& at) { return at.address == address; });
  return place == places_.end() ? nullptr : &*place;
}

bool AddressFailures::is_locked(std::uint64_t address, std::int64_t now_ns) const {
  const Place* const place = find(address);
  return place != nullptr && place->failures.is_locked(now_ns);
}

bool AddressFailures::failed(std::uint64_t address, std::int64_t now_ns) {
  const auto first_forgotten = [this](const Place& a, const Place& b) {
    return a.failures.forgotten_at_ns(settings_) < b.failures.forgotten_at_ns(settings_);
  };
  auto place = std::find_if(places_.begin(), places_.end(),
                            [address](const Place& at) { return at.address == address; });
  if (place == places_.end()) {
    place = std::min_element(places_.begin(), places_.end(), first_forgotten);
    *place = {address, {}};
  }
  return place->failures.failed(settings_, now_ns);
}

}  // namespace portcullis::gateway::security
