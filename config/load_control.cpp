// process.json, "control": null, the default, or
//
//   address            an IP address, by default that of loopback, which it must be where tls is null
//   port               0: any free one
//   tls                null, or certificate_file and private_key_file, as the edge's
//   connections_max    at once
//   requests_per_second_max  of a token; what changes something is counted by itself
//   what_if_orders_max in one request
//   rejects_kept       the newest refusals, for who asks
//   request_timeout_ms for a whole request, and between two
//   send_buffer_bytes  unsent, above which a connection is closed
//   four_eyes          a raise of limits, by a reload or an override, comes into force only when another
//                      person than its proposer has approved it; false by default
//   override_max_s     how long an override stays at most; a day by default
//   tokens             by name, of at most 32 characters: role viewer, risk, approver or operator, and
//                      token_sha256, what `portcullis token` prints
#include <arpa/inet.h>
#include <fmt/format.h>

#include "config/load_control.h"

namespace portcullis::config {

namespace {

constexpr const char* kLoopback = "127.0.0.1";

// Bearer tokens in plain text are for who is on this machine already.
bool is_loopback(const std::string& address) {
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  return inet_pton(AF_INET6, address.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

// Hexadecimal in small letters.
bool read_hash(std::string_view text, std::array<std::uint8_t, kTokenHashSize>& hash) {
  if (text.size() != 2 * hash.size()) return false;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (std::size_t b = 0; b < hash.size(); ++b) {
    const int high = digit(text[2 * b]);
    const int low = digit(text[2 * b + 1]);
    if (high < 0 || low < 0) return false;
    hash[b] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

void read_tokens(ControlSettings& control, JsonReader in) {
  for (const std::string& name : in.keys()) {
    check_name(in, name);
    if (name.size() > 32) in.problem(name, "a token's name has at most 32 characters");
    JsonReader token = in.object(name);
    ControlToken& read = control.tokens.emplace_back();
    read.name = name;
    read.role = token
                    .choice<Role>("role", {{"viewer", Role::Viewer},
                                           {"risk", Role::Risk},
                                           {"approver", Role::Approver},
                                           {"operator", Role::Operator}})
                    .value_or(Role::Viewer);
    const auto text = token.text("token_sha256", 1, 128);
    if (text && !read_hash(*text, read.hash))
      token.problem("token_sha256", "must be 64 hexadecimal digits, as `portcullis token` prints");
    for (const ControlToken& other : control.tokens) {
      if (text && &other != &read && other.hash == read.hash)
        token.problem("token_sha256", "is that of " + other.name + " too");
    }
  }
  if (in.readable() && control.tokens.empty()) in.problem("", "must not be empty");
}

void read_control(const Loading& loading, JsonReader& in, ControlSettings& control) {
  const auto count = [&](std::string_view key, std::int64_t most) {
    return static_cast<std::uint32_t>(in.integer(key, 1, most).value_or(0));
  };
  control.address = in.has("address") ? read_address(in) : kLoopback;
  control.port = static_cast<std::uint16_t>(in.integer("port", 0, 65'535).value_or(0));
  if (!in.null("tls")) control.tls = read_tls(loading, in);
  if (!control.tls && !control.address.empty() && !is_loopback(control.address))
    in.problem("address", "must be that of loopback where tls is null");
  control.connections_max = count("connections_max", 10'000);
  control.requests_per_second_max = count("requests_per_second_max", 1'000'000);
  control.what_if_orders_max = count("what_if_orders_max", 1'000);
  control.rejects_kept = count("rejects_kept", 1'000'000);
  control.request_ns = read_ns(in, "request_timeout_ms", kNsPerMs, 10, 600'000);
  control.send_buffer_bytes = in.integer("send_buffer_bytes", 65'536, 1 << 30).value_or(0);
  control.four_eyes = read_bool_or(in, "four_eyes", false);
  constexpr std::int64_t kDaySeconds = 86'400;
  control.override_max_ns =
      (in.has("override_max_s") ? in.integer("override_max_s", 1, 366 * kDaySeconds).value_or(1)
                                : kDaySeconds) *
      risk::kSecondNs;
  read_tokens(control, in.object("tokens"));
}

}  // namespace

std::optional<ControlSettings> load_control(const Loading& loading, const Json& process) {
  const Json* const member = process.find("control");
  if (member == nullptr || member->kind != Json::Kind::Object) return std::nullopt;
  ControlSettings control;
  JsonReader in(kProcessFile, process, "control", loading.problems);
  read_control(loading, in, control);
  return control;
}

}  // namespace portcullis::config
