// Passwords: their stored form, the work of a check, and where they are read from. Hashes were made
// by Python's hashlib.scrypt.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>

#include "config/load.h"
#include "config/password.h"
#include "config/password_hash.h"
#include "gateway/security/credentials.h"
#include "tests/support/example_config.h"
#include "tests/support/journal_support.h"

namespace portcullis::gateway::security::password_test {
namespace {

using config::parse_password_hash;
using config::PasswordHash;
using gateway::journal::testing::TemporaryFolder;

// Salts of 16 bytes 0, 1, 2, ...
constexpr const char* kSesame =
    "scrypt$1024$8$1$AAECAwQFBgcICQoLDA0ODw==$c4ywlIBxkP+/nllJYi6lXKrHI6ExKcnhNCtatrRPN+Y=";
constexpr const char* kTenLetters =
    "scrypt$2048$4$3$AAECAwQFBgcICQoLDA0ODw==$p56gbypDPPry7drfaENxNYyjbgkRwujRJOyJTiSM/Q0=";

PasswordHash hash_of(const std::string& text) {
  const auto hash = parse_password_hash(text);
  EXPECT_TRUE(hash) << text;
  return hash.value_or(PasswordHash{});
}

std::string write(const std::filesystem::path& path, const std::string& text, mode_t mode = 0600) {
  std::ofstream(path) << text;
  ::chmod(path.c_str(), mode);
  return path.string();
}

TEST(PasswordHash, IsThatOfAnotherImplementation) {
  EXPECT_TRUE(matches(hash_of(kSesame), "sesame"));
  EXPECT_FALSE(matches(hash_of(kSesame), "sesamf"));
  EXPECT_FALSE(matches(hash_of(kSesame), "sesam"));
  EXPECT_FALSE(matches(hash_of(kSesame), ""));
  EXPECT_TRUE(matches(hash_of(kTenLetters), "0123456789"));
  EXPECT_FALSE(matches(hash_of(kTenLetters), "01234567890"));
  EXPECT_FALSE(matches(hash_of(kTenLetters), "012345678"));
}

TEST(PasswordHash, OfAPasswordIsAnotherEachTime) {
  const PasswordHash one = hash_password("sesame", {.n = 1'024});
  const PasswordHash two = hash_password("sesame", {.n = 1'024});
  EXPECT_NE(one.salt, two.salt);
  EXPECT_NE(one.hash, two.hash);
  EXPECT_TRUE(matches(one, "sesame"));
  EXPECT_TRUE(matches(two, "sesame"));
  EXPECT_EQ(hash_of(to_text(one)), one);
  EXPECT_EQ(config::to_text(one).find("sesame"), std::string::npos);
  EXPECT_EQ(hash_password("sesame").cost, config::ScryptCost{}) << "what is printed by default";
}

TEST(PasswordHash, HasOneTextAndNoOther) {
  EXPECT_EQ(config::to_text(hash_of(kSesame)), kSesame);
  const std::string text = kSesame;
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    EXPECT_FALSE(parse_password_hash(text.substr(0, cut))) << cut;
    if (text[cut] == '$') continue;
    std::string other = text;
    other[cut] = '*';
    EXPECT_FALSE(parse_password_hash(other)) << other;
  }
  for (const char* more : {"$", "=", "A", " ", "\n"}) {
    EXPECT_FALSE(parse_password_hash(text + more));
  }
  // The last digit of base64 has bits that mean nothing: they must not make two texts of one hash.
  std::string other = text;
  other[other.size() - 2] = other[other.size() - 2] == '8' ? '9' : '8';
  std::set<std::string> texts;
  for (const char digit :
       std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")) {
    other[other.size() - 2] = digit;
    const auto hash = parse_password_hash(other);
    if (!hash) continue;
    EXPECT_EQ(config::to_text(*hash), other);
    texts.insert(other);
  }
  EXPECT_EQ(texts.size(), 16U);
}

// A line in a file must not be able to stop the process.
TEST(PasswordHash, ItsCostIsBounded) {
  const std::string tail = std::string(kSesame).substr(std::string("scrypt$1024$8$1").size());
  const auto bearable = [&](const std::string& cost) {
    return parse_password_hash("scrypt$" + cost + tail).has_value();
  };
  for (const char* cost : {"1024$8$1", "1024$1$1", "16384$8$1", "65536$8$1", "16384$8$16",
                           "262144$2$4", "1024$512$4", "1024$1$2048", "32768$1$1"}) {
    EXPECT_TRUE(bearable(cost)) << cost;
  }
  for (const char* cost : {"512$8$1",
                           "0$8$1",
                           "1023$8$1",
                           "1025$8$1",
                           "131072$8$1",
                           "65536$9$1",
                           "16384$8$17",
                           "1024$1$2049",
                           "65536$1$1",
                           "1024$0$1",
                           "1024$8$0",
                           "2147483648$1$1",
                           "4294967296$1$1",
                           "1048576$1$1",
                           "1024$4294967295$1",
                           "1024$1$4294967295",
                           "1024$8$-1",
                           "01024$8$1",
                           "+1024$8$1",
                           " 1024$8$1",
                           "1e4$8$1",
                           "1024$8$1.0",
                           "99999999999999999999$8$1",
                           "$8$1",
                           "1024$$1"}) {
    EXPECT_FALSE(bearable(cost)) << cost;
  }
}

TEST(Password, IsReadFromTheEnvironmentOrAFileAndNowhereElse) {
  // One thread.
  // NOLINTBEGIN(concurrency-mt-unsafe)
  const config::PasswordSource variable{"PORTCULLIS_TEST_PASSWORD", {}, {}};
  ::setenv("PORTCULLIS_TEST_PASSWORD", "not-secret", 1);
  EXPECT_EQ(config::read_password(variable).secret.view(), "not-secret");
  ::setenv("PORTCULLIS_TEST_PASSWORD", "eleven-long", 1);
  const config::Password longer = config::read_password(variable);
  EXPECT_EQ(longer.problem,
            "the environment variable PORTCULLIS_TEST_PASSWORD must hold 1 to 10 printable ASCII "
            "characters without spaces");
  EXPECT_EQ(longer.secret.view(), "");

  char* const there = std::getenv("PORTCULLIS_TEST_PASSWORD");
  const std::string before = there;
  config::forget_environment(variable);
  EXPECT_EQ(std::getenv("PORTCULLIS_TEST_PASSWORD"), nullptr);
  EXPECT_EQ(std::string(there, before.size()), std::string(before.size(), '\0')) << "wiped, too";
  EXPECT_EQ(config::read_password(variable).problem,
            "the environment variable PORTCULLIS_TEST_PASSWORD is not set");
  config::forget_environment(variable);
  // NOLINTEND(concurrency-mt-unsafe)

  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "password";
  const config::PasswordSource file{"", path, {}};
  write(path, "from-file\r\nsecond line\n");
  EXPECT_EQ(config::read_password(file).secret.view(), "from-file");
  write(path, "no-end");
  EXPECT_EQ(config::read_password(file).secret.view(), "no-end");
  for (const char* text : {"", "\n", "with space\n", "much-too-long\n", "tab\there\n"}) {
    write(path, text);
    EXPECT_EQ(config::read_password(file).problem,
              "the file " + path.string() +
                  " must hold 1 to 10 printable ASCII characters without spaces");
  }
  std::filesystem::remove(path);
  EXPECT_EQ(config::read_password(file).problem, "the file " + path.string() + " cannot be read");
}

TEST(Password, IsNoSecretInAFileThatOthersMayRead) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "password";
  const std::string told =
      "the file " + path.string() + " may be read by others than its owner: chmod 600 it";
  for (const mode_t mode : {0640U, 0604U, 0644U, 0660U, 0601U, 0610U}) {
    write(path, kSesame, mode);
    EXPECT_EQ(config::read_password_hash(path).problem, told) << std::oct << mode;
    EXPECT_FALSE(config::read_password_hash(path).hash);
    EXPECT_EQ(config::check_private(path), told);
    EXPECT_EQ(config::read_password({"", path, {}}).problem, told);
  }
  for (const mode_t mode : {0600U, 0400U, 0700U}) {
    write(path, kSesame, mode);
    EXPECT_EQ(config::read_password_hash(path).hash, hash_of(kSesame));
    EXPECT_EQ(config::check_private(path), "");
    std::filesystem::remove(path);
  }
  EXPECT_EQ(config::check_private(path), "the file " + path.string() + " cannot be read");
}

// --- all of a deployment

using test::Change;
constexpr auto kSet = Change::Kind::Set;
constexpr auto kAdd = Change::Kind::Add;
constexpr auto kRemove = Change::Kind::Remove;

config::Deployment deployment_with(const std::vector<Change>& changes,
                                   const std::filesystem::path& folder) {
  test::Texts texts = test::read_example();
  for (const Change& change : changes) test::apply(texts, change);
  const config::LoadResult result = config::load_texts(texts, folder);
  EXPECT_EQ(test::problems_text(result), "");
  return result.deployment;
}

// CHARL1 by a hash in the configuration, CHARL2 by a file, the others by one variable.
std::vector<Change> three_ways() {
  return {
      {kRemove, "sessions.json", "sessions.CHARL1.password_env", ""},
      {kAdd, "sessions.json", "sessions.CHARL1.password_hash", "\"" + std::string(kSesame) + "\""},
      {kRemove, "sessions.json", "sessions.CHARL2.password_env", ""},
      {kAdd, "sessions.json", "sessions.CHARL2.password_file", "\"hash\""}};
}

void set_variables() {
  // One thread.
  ::setenv("PORTCULLIS_DEMO_PASSWORD", "demo", 1);    // NOLINT(concurrency-mt-unsafe)
  ::setenv("PORTCULLIS_VENUE_PASSWORD", "venue", 1);  // NOLINT(concurrency-mt-unsafe)
}

TEST(Credentials, OfADeploymentAreHashesAndLeaveNoTraceInTheEnvironment) {
  const TemporaryFolder folder;
  write(folder / "hash", std::string(kTenLetters) + "\n");
  write(folder / "sessions.json", "");
  set_variables();
  const config::Deployment d = deployment_with(three_ways(), folder.path());
  const Credentials credentials = read_credentials(d);
  EXPECT_EQ(std::getenv("PORTCULLIS_DEMO_PASSWORD"), nullptr);   // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(std::getenv("PORTCULLIS_VENUE_PASSWORD"), nullptr);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(credentials.venue.view(), "venue");
  const auto good = [&](const char* session, std::string_view password) {
    return credentials.verify(d.names.sessions.find(session), password);
  };
  EXPECT_TRUE(good("ALPHA1", "demo"));
  EXPECT_TRUE(good("BRAVO2", "demo"));
  EXPECT_TRUE(good("CHARL1", "sesame"));
  EXPECT_TRUE(good("CHARL2", "0123456789"));
  EXPECT_FALSE(good("CHARL1", "demo"));
  EXPECT_FALSE(good("CHARL2", "sesame"));
  EXPECT_FALSE(good("ALPHA1", ""));
  EXPECT_FALSE(good("NOBODY", "demo"));
  EXPECT_FALSE(good("NOBODY", ""));
  EXPECT_EQ(credentials.nobody.cost, config::ScryptCost{}) << "as much work as that of a variable";
}

TEST(Credentials, EveryProblemIsToldAtOnceAndNoSecretWithIt) {
  const TemporaryFolder folder;
  write(folder / "hash", "sesame\n");
  write(folder / "sessions.json", "", 0644);
  ::setenv("PORTCULLIS_DEMO_PASSWORD", "much-too-long-to-send",
           1);                              // NOLINT(concurrency-mt-unsafe)
  ::unsetenv("PORTCULLIS_VENUE_PASSWORD");  // NOLINT(concurrency-mt-unsafe)
  const config::Deployment d = deployment_with(three_ways(), folder.path());
  std::string told;
  try {
    (void)read_credentials(d);
  } catch (const std::runtime_error& error) {
    told = error.what();
  }
  EXPECT_NE(
      told.find("venue password: the environment variable PORTCULLIS_VENUE_PASSWORD is not set"),
      std::string::npos);
  EXPECT_NE(told.find("password of session ALPHA1: the environment variable"), std::string::npos);
  EXPECT_NE(told.find("password of session CHARL2: the file " + (folder / "hash").string() +
                      " must hold a line that portcullis password has printed"),
            std::string::npos);
  EXPECT_NE(told.find("password hashes: the file " + (folder / "sessions.json").string() +
                      " may be read by others"),
            std::string::npos);
  EXPECT_EQ(told.find("much-too"), std::string::npos);
  EXPECT_EQ(told.find("sesame"), std::string::npos);
}

// The journal keeps the canonical text, and whoever reads the journal must not find out passwords,
// nor where they are.
TEST(Credentials, AreInNoCanonicalText) {
  const config::Deployment d = deployment_with(three_ways(), "");
  for (const char* never : {"scrypt", "password", "PORTCULLIS_", "AAECAwQF"}) {
    EXPECT_EQ(d.canonical_text.find(never), std::string::npos) << never;
  }
  const config::LoadResult again = config::load_canonical(d.canonical_text, "");
  EXPECT_EQ(test::problems_text(again), "");
  EXPECT_EQ(again.deployment.canonical_text, d.canonical_text);
  const config::Deployment other = deployment_with({}, "");
  EXPECT_EQ(other.canonical_hash, d.canonical_hash) << "another password needs no new journal";
  // But a deployment needs them.
  test::Texts texts = test::read_example();
  test::apply(texts, {kRemove, "sessions.json", "sessions.CHARL1.password_env", ""});
  EXPECT_EQ(test::problems_text(config::load_texts(texts, "")),
            "sessions.json: sessions.CHARL1.password_env: is missing\n");
}

// What is wrong with a configuration is printed: neither a hash nor what was taken for one.
TEST(Credentials, AreInNoProblem) {
  test::Texts texts = test::read_example();
  for (const Change& change : three_ways()) test::apply(texts, change);
  test::apply(texts, {kSet, "sessions.json", "sessions.CHARL1.password_hash", "\"hunter2\""});
  test::apply(texts, {kAdd, "sessions.json", "sessions.CHARL1.password", "\"hunter2\""});
  test::apply(texts, {kAdd, "sessions.json", "sessions.NAMETOOLONG",
                      "{\"password\": \"hunter2\", \"x\": {\"my_secret\": [\"hunter2\"]}}"});
  const std::string told = test::problems_text(config::load_texts(texts, ""));
  EXPECT_NE(told.find("sessions.CHARL1.password_hash: must be a line that portcullis password"),
            std::string::npos)
      << told;
  EXPECT_NE(told.find("sessions.CHARL1.password: is no key that is known here"), std::string::npos);
  EXPECT_NE(told.find("sessions.NAMETOOLONG: {\"password\":\"...\""), std::string::npos) << told;
  EXPECT_EQ(told.find("hunter2"), std::string::npos) << told;
}

}  // namespace
}  // namespace portcullis::gateway::security::password_test
