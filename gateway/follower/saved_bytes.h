// Values of this machine's layout, one behind the other, as companions save them in snapshots.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

namespace portcullis::gateway::follower {

// REQUIRES room for it.
template <class T>
requires std::is_trivially_copyable_v<T>
void append(std::span<std::byte>& out, const T& value) {
  std::memcpy(out.data(), &value, sizeof value);
  out = out.subspan(sizeof value);
}
// False: there is less than that.
template <class T>
requires std::is_trivially_copyable_v<T>
[[nodiscard]] bool take_off(std::span<const std::byte>& in, T& value) {
  if (in.size() < sizeof value) return false;
  std::memcpy(&value, in.data(), sizeof value);
  in = in.subspan(sizeof value);
  return true;
}

}  // namespace portcullis::gateway::follower
