// Who may log in: passwords as salted hashes (scrypt), compared in constant time.
#pragma once

#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "config/password.h"
#include "config/password_hash.h"

namespace portcullis::gateway::security {

// With a salt of its own. REQUIRES a bearable cost. Throws std::runtime_error where the library
// cannot: there is no memory, or no entropy.
[[nodiscard]] config::PasswordHash hash_password(std::string_view password,
                                                 const config::ScryptCost& cost = {});
// Takes as long as the hash's cost says (tens of milliseconds), whatever the password is. False too
// where there is no memory for it.
[[nodiscard]] bool matches(const config::PasswordHash& hash, std::string_view password) noexcept;

struct Credentials {
  // The venue's password, where we are the client, is sent as it is: it and what JSON
  // clients sign with are the secrets that are kept in plain text, in memory.
  config::Secret venue;
  std::vector<config::PasswordHash> sessions;  // by session; of JSON sessions nobody's
  std::vector<config::ApiSecret> signing;      // by session; what JSON clients sign with
  config::PasswordHash nobody;                 // what an unknown user's password is compared with

  // An unknown user (no session) costs the same work as a wrong password, where the sessions' hashes
  // cost the same, as those of `portcullis password` do.
  [[nodiscard]] bool verify(risk::SessionIndex session, std::string_view password) const noexcept;
};

// From where the configuration says, once, when the process starts and while it has one thread:
// passwords of the environment are hashed, and are in it no more. Throws std::runtime_error with
// every problem.
[[nodiscard]] Credentials read_credentials(const config::Deployment& deployment);

}  // namespace portcullis::gateway::security
