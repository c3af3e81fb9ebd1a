// Configuration files, state files, commands files and single values from anywhere: no crash, and what
// is accepted is what the engine takes, and is read again as the same. The first byte chooses: S a state
// file, C a commands file, H a history of returns, D a decimal, P a password's hash, T a time, R a ratio;
// anything else is the first byte of a deployment in its canonical form.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "config/decimal.h"
#include "config/history.h"
#include "config/iso_time.h"
#include "config/load.h"
#include "config/password_hash.h"
#include "config/ratio.h"
#include "config/state_file.h"

namespace {

using namespace portcullis;

void require(bool condition) {
  if (!condition) std::abort();
}

// The smallest deployment: what state and commands refer to.
constexpr std::string_view kDeployment =
#include "config_fuzz_deployment.inc"
    ;

const config::Deployment& deployment() {
  static const config::LoadResult result = config::load_canonical(kDeployment, "folder");
  require(result.ok());
  return result.deployment;
}

void check_problems(const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems) require(!to_text(problem).empty());
}

void load_deployment(std::string_view text) {
  const config::LoadResult result = config::load_canonical(text, "folder");
  check_problems(result.problems);
  if (!result.ok()) return;
  require(risk::first_problem(result.deployment.parameters) == nullptr);
  const config::LoadResult again =
      config::load_canonical(result.deployment.canonical_text, "folder");
  require(again.ok());
  require(again.deployment.canonical_text == result.deployment.canonical_text);
}

void parse_state(std::string_view text) {
  const config::StateFile state = config::parse_state(text, "s.json", deployment());
  check_problems(state.problems);
  for (const risk::LoadBalance& load : state.balances) {
    require(load.account.value < deployment().accounts.size());
    require(load.asset.value < deployment().assets.size());
  }
  for (const risk::LoadPosition& load : state.positions) {
    require(load.account.value < deployment().accounts.size());
    require(load.instrument.value < deployment().instruments.size());
  }
}

void parse_decimal(std::string_view text) {
  if (text.empty()) return;
  const int scale = static_cast<unsigned char>(text.front()) % 19;
  text.remove_prefix(1);
  for (const config::Decimal decimal :
       {config::parse_decimal(text, scale), config::parse_json_number(text, scale)}) {
    if (!decimal.ok()) continue;
    const std::string back = config::to_decimal(decimal.value, scale);
    require(config::parse_decimal(back, scale).value == decimal.value);
  }
}

void parse_history(std::string_view text) {
  const config::History history = config::parse_history(text);
  if (!history.error.empty()) return;
  require(!history.names.empty());
  for (std::size_t d = 0; d < history.days.size(); ++d) {
    require(history.days[d].returns_ppm.size() == history.names.size());
    require(d == 0 || history.days[d - 1].date < history.days[d].date);
    for (const std::int32_t value : history.days[d].returns_ppm) require(value >= -1'000'000);
  }
}

void parse_password_hash(std::string_view text) {
  const std::optional<config::PasswordHash> hash = config::parse_password_hash(text);
  if (!hash) return;
  require(config::is_bearable(hash->cost));
  require(config::parse_password_hash(config::to_text(*hash)) == hash);
}

void parse_time(std::string_view text) {
  const std::optional<risk::Timestamp> time = config::parse_iso_time(text);
  if (time) require(config::to_iso_time(*time) == text);
}

void parse_ratio(std::string_view text) {
  const std::optional<config::Ratio> ratio = config::parse_ratio(text);
  if (!ratio) return;
  require(ratio->numerator > 0 && ratio->denominator > 0);
  require(ratio / ratio == config::Ratio{});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view rest = text.substr(1);
  if (text.front() == 'S') {
    parse_state(rest);
  } else if (text.front() == 'C') {
    check_problems(config::parse_commands(rest, "c.json", deployment()).problems);
  } else if (text.front() == 'D') {
    parse_decimal(rest);
  } else if (text.front() == 'H') {
    parse_history(rest);
  } else if (text.front() == 'P') {
    parse_password_hash(rest);
  } else if (text.front() == 'T') {
    parse_time(rest);
  } else if (text.front() == 'R') {
    parse_ratio(rest);
  } else {
    load_deployment(text);
  }
  return 0;
}
