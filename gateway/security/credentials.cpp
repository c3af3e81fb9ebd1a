#include "gateway/security/credentials.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

namespace portcullis::gateway::security {

namespace {

using Digest = std::array<std::uint8_t, 32>;

bool scrypt(const config::PasswordHash& hash, std::string_view password, Digest& digest) noexcept {
  struct Free {
    void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
    void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
  };
  const std::unique_ptr<EVP_KDF, Free> kdf(EVP_KDF_fetch(nullptr, "SCRYPT", nullptr));
  if (!kdf) return false;
  const std::unique_ptr<EVP_KDF_CTX, Free> context(EVP_KDF_CTX_new(kdf.get()));
  if (!context) return false;
  // The library takes what it only reads by pointers to what could be changed.
  std::array<char, config::Secret::kSizeMax> text{};
  const std::size_t size = password.copy(text.data(), text.size());
  std::array<std::uint8_t, 16> salt = hash.salt;
  std::uint64_t n = hash.cost.n;
  std::uint32_t r = hash.cost.r;
  std::uint32_t p = hash.cost.p;
  std::uint64_t memory = 2 * config::kScryptMemoryMax;  // beside 128 n r, 128 r (p + 2)
  const std::array parameters{
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, text.data(), size),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
      OSSL_PARAM_construct_end()};
  const bool done =
      EVP_KDF_derive(context.get(), digest.data(), digest.size(), parameters.data()) == 1;
  OPENSSL_cleanse(text.data(), text.size());
  return done;
}

// What costs as much as the most costly of the sessions' hashes, and is no password's.
config::PasswordHash hash_of_nobody(const std::vector<config::PasswordHash>& sessions) {
  config::ScryptCost most;
  const auto work = [](const config::ScryptCost& cost) {
    return std::uint64_t{cost.n} * cost.r * cost.p;
  };
  for (const config::PasswordHash& session : sessions) {
    if (work(session.cost) > work(most)) most = session.cost;
  }
  std::array<char, config::Secret::kSizeMax> text{};
  if (RAND_bytes(reinterpret_cast<unsigned char*>(text.data()), text.size()) != 1)
    throw std::runtime_error("no random bytes for a salt");
  return hash_password({text.data(), text.size()}, most);
}

}  // namespace

config::PasswordHash hash_password(std::string_view password, const config::ScryptCost& cost) {
  config::PasswordHash hash{.cost = cost};
  if (RAND_bytes(hash.salt.data(), static_cast<int>(hash.salt.size())) != 1)
    throw std::runtime_error("no random bytes for a salt");
  if (!scrypt(hash, password, hash.hash)) throw std::runtime_error("a password cannot be hashed");
  return hash;
}

bool matches(const config::PasswordHash& hash, std::string_view password) noexcept {
  Digest digest;
  if (password.size() > config::Secret::kSizeMax || !scrypt(hash, password, digest)) return false;
  return CRYPTO_memcmp(digest.data(), hash.hash.data(), digest.size()) == 0;
}

bool Credentials::verify(risk::SessionIndex session, std::string_view password) const noexcept {
  return matches(session.exists() ? sessions[session.value] : nobody, password) && session.exists();
}

Credentials read_credentials(const config::Deployment& deployment) {
  Credentials credentials;
  std::string problems;
  const auto tell = [&](std::string_view whose, const std::string& problem) {
    if (!problem.empty()) problems += fmt::format("{}: {}\n", whose, problem);
  };
  {
    config::Password password = config::read_password(deployment.venue.password);
    tell("venue password", password.problem);
    credentials.venue = password.secret;
  }
  std::map<std::string, config::PasswordHash> hashed;  // by variable: several sessions may name one
  bool inline_hash = false;
  for (std::uint32_t s = 0; s < deployment.sessions.size(); ++s) {
    const config::SessionSettings& session = deployment.sessions[s];
    credentials.signing.emplace_back();
    if (session.protocol == config::Protocol::Json) {
      const config::SigningSecret signing = config::read_signing_secret(session.api_key.secret);
      tell(fmt::format("secret of session {}", deployment.names.sessions.name({s})),
           signing.problem);
      credentials.signing.back() = signing.secret;
      credentials.sessions.emplace_back();
      continue;
    }
    const config::PasswordSource& source = session.password;
    const std::string whose =
        fmt::format("password of session {}", deployment.names.sessions.name({s}));
    config::PasswordHash hash;
    if (source.hash) {
      hash = *source.hash;
      inline_hash = true;
    } else if (source.environment.empty()) {
      const config::StoredPassword stored = config::read_password_hash(source.file);
      tell(whose, stored.problem);
      hash = stored.hash.value_or(hash);
    } else if (const auto known = hashed.find(source.environment); known != hashed.end()) {
      hash = known->second;
    } else {
      const config::Password password = config::read_password(source);
      tell(whose, password.problem);
      if (password.problem.empty()) hash = hash_password(password.secret.view());
      if (password.problem.empty()) hashed.emplace(source.environment, hash);
    }
    credentials.sessions.push_back(hash);
  }
  if (inline_hash)
    tell("password hashes", config::check_private(deployment.folder / "sessions.json"));
  config::forget_environment(deployment.venue.password);
  for (const config::SessionSettings& session : deployment.sessions) {
    config::forget_environment(session.password);
    config::forget_environment(session.api_key.secret);
  }
  if (!problems.empty()) throw std::runtime_error(problems);
  credentials.nobody = hash_of_nobody(credentials.sessions);
  // Nobody logs in over OUCH as a JSON session.
  for (std::uint32_t s = 0; s < deployment.sessions.size(); ++s) {
    if (deployment.sessions[s].protocol == config::Protocol::Json)
      credentials.sessions[s] = credentials.nobody;
  }
  return credentials;
}

}  // namespace portcullis::gateway::security
