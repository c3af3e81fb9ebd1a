// Configuration files, state files, commands files and decimals from anywhere: no crash, and what
// is accepted is what the engine takes. The first byte chooses: S a state file, C a commands file,
// D a decimal, anything else is the first byte of a deployment in its canonical form.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/decimal.h"
#include "config/load.h"
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
  } else {
    load_deployment(text);
  }
  return 0;
}
