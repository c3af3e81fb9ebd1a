// `portcullis reconcile`: a journal against others' books, equal and not, what is wrong with theirs, and
// what would bring ours to theirs.
#include "gateway/commands/reconcile.h"

#include <gtest/gtest.h>

#include <fstream>

#include "config/state_file.h"
#include "gateway/commands/state.h"
#include "gateway/commands/their_books.h"
#include "tests/support/command_line.h"
#include "tests/support/gate_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::reconcile_command_test {
namespace {

using Arguments = std::vector<std::string>;

class Reconcile : public testing::Test {
 protected:
  Reconcile() {
    // bravo-1 buys 100 AMZN, which rises by 1.8137.
    const auto bravo = w.session("BRAVO1");
    w.enter(bravo, {.number = 1});
    w.say(accepted(1));
    w.say(executed(1, 100, kAmznPrice, 1));
    w.mark(w.instrument("AMZN"), {2'218'137});
  }

  Outcome reconcile(const Arguments& more) {
    Arguments arguments{"reconcile", "--journal", w.journal_folder().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_command(gateway::add_reconcile_command, arguments);
  }
  // The path of a file with this in it.
  std::string file(std::string_view text, const std::string& name = "theirs.csv") {
    const std::filesystem::path path = w.journal_folder() / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  Outcome against(std::string_view text, Arguments more = {}) {
    more.insert(more.end(), {"--against", file(text)});
    return reconcile(more);
  }

  static constexpr std::string_view kPositions =
      "account,instrument,quantity\n"
      "alpha-1,BTC-PERP,2.5\n"
      "alpha-hedge,BTC-PERP,-20.000\n"
      "bravo-1,AMZN,100\n"
      "bravo-2,AMZN,1000\n"
      "charlie-1,EUR/USD,-500000\n";

  GateWorld w;
};

TEST_F(Reconcile, EqualBooksAreEqual) {
  const Outcome outcome = against(kPositions);
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.errors;
  EXPECT_NE(outcome.out.find("bravo-1          AMZN                              100          "
                             "        100                    0  equal\n"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("5 equal, 0 different\n"), std::string::npos);
  // In lots, in another order, with what is nothing on both sides, quotes and line ends of elsewhere.
  EXPECT_EQ(against("\xEF\xBB\xBF"
                    "account,instrument,lots\r\n\"bravo-2\",\"AMZN\",1000\r\n\r\n"
                    "charlie-1,EUR/USD,-500\r\nalpha-hedge,BTC-PERP,-20000\r\n"
                    "alpha-1,BTC-PERP,2500\r\nbravo-1,AMZN,100\r\nbravo-3,AMZN,0\r\n"
                    "nobody,AMZN,0")
                .code,
            0);
}

TEST_F(Reconcile, TellsEachDifference) {
  const Outcome outcome = against(
      "account,instrument,quantity\n"
      "alpha-1,BTC-PERP,2.501\n"
      "alpha-hedge,BTC-PERP,-20\n"
      "bravo-1,AMZN,100\n"
      "charlie-1,EUR/USD,-500000\n"
      "charlie-2,AMZN,7\n"
      "nobody,AMZN,3\n"
      "alpha-1,GOLD,0.25\n",
      {"--json"});
  EXPECT_EQ(outcome.code, 1) << outcome.errors;
  config::Json report = config::parse_json(outcome.out).json;
  std::vector<std::string> rows;
  for (const config::Json& row : find(report, "positions")->items) {
    std::string line;
    for (const char* key : {"account", "instrument", "ours", "theirs", "difference", "status"}) {
      const config::Json* value = row.find(key);
      line += (value->kind == config::Json::Kind::Null ? "-" : value->text) + " ";
    }
    rows.push_back(line);
  }
  EXPECT_EQ(
      rows,
      (std::vector<std::string>{
          "alpha-1 BTC-PERP 2.5 2.501 0.001 different ", "alpha-hedge BTC-PERP -20 -20 0 equal ",
          "bravo-1 AMZN 100 100 0 equal ", "bravo-2 AMZN 1000 - -1000 missing ",
          "charlie-1 EUR/USD -500000 -500000 0 equal ", "charlie-2 AMZN 0 7 7 different ",
          "nobody AMZN - 3 - unknown ", "alpha-1 GOLD - 0.25 - unknown "}));
  EXPECT_EQ(find(report, "equal")->integer, 3);
  EXPECT_EQ(find(report, "different")->integer, 5);
  EXPECT_TRUE(find(report, "balances")->items.empty()) << "nobody told us of any";
}

// A balance has the gains at the last marks: 500,000 - 100 * 0.0066 fee + 100 * 1.8137.
TEST_F(Reconcile, BalancesHaveTheirGains) {
  std::string theirs = "account,asset,amount\n";
  const Outcome empty = against(theirs, {"--json"});
  EXPECT_EQ(empty.code, 1);
  config::Json report = config::parse_json(empty.out).json;
  for (const config::Json& row : find(report, "balances")->items) {
    EXPECT_EQ(row.find("status")->text, "missing");
    theirs += row.find("account")->text + "," + row.find("asset")->text + "," +
              row.find("ours")->text + "\n";
  }
  EXPECT_NE(theirs.find("\nbravo-1,USDC,500180.71\n"), std::string::npos) << theirs;
  EXPECT_NE(theirs.find("\nbravo-1,BTC,1.5\n"), std::string::npos) << theirs;
  EXPECT_EQ(against(theirs).code, 0);
  // Both kinds at once.
  EXPECT_EQ(
      reconcile({"--against", file(theirs, "b.csv"), "--against", file(kPositions, "p.csv")}).code,
      0);
  const std::size_t at = theirs.find("500180.71");
  theirs.replace(at, 9, "500180.710001");
  const Outcome other = against(theirs);
  EXPECT_EQ(other.code, 1);
  EXPECT_NE(other.out.find("500180.71        500180.710001             0.000001  different"),
            std::string::npos)
      << other.out;
}

// Yesterday's closing state against what it was loaded as, at today's prices.
TEST_F(Reconcile, AStateFileIsValuedAtOurMarks) {
  const std::string state =
      run_command(gateway::add_state_command,
                  {"state", "--journal", w.journal_folder().string(), "--json"})
          .out;
  EXPECT_EQ(against(state).code, 0);
  w.mark(w.instrument("AMZN"), {2'000'001});
  w.mark(w.instrument("BTC-PERP"), {700'003});
  const Outcome later = against(state);
  EXPECT_EQ(later.code, 0) << later.out << later.errors;
  // And what was there before the day's trade is not the same.
  const Outcome before = against(read_file(example_folder() / "demo-state.json"));
  EXPECT_EQ(before.code, 1);
  EXPECT_NE(before.out.find("2 different"), std::string::npos) << before.out;
}

TEST_F(Reconcile, AnAdjustmentBringsOursToTheirs) {
  const std::filesystem::path adjust = w.journal_folder() / "adjust.json";
  const std::string positions = file(
      "account,instrument,quantity\nalpha-1,BTC-PERP,3.5\nalpha-hedge,BTC-PERP,-20\n"
      "bravo-1,AMZN,100\nbravo-2,AMZN,1000\ncharlie-1,EUR/USD,-500000\nnobody,AMZN,1\n",
      "p.csv");
  Outcome outcome = reconcile({"--against", positions, "--adjust", adjust.string()});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.errors.find("nobody AMZN 1"), std::string::npos) << outcome.errors;
  config::StateFile entries = config::parse_state(read_file(adjust), "adjust.json", w.deployment());
  EXPECT_TRUE(entries.problems.empty());
  EXPECT_TRUE(entries.balances.empty());
  ASSERT_EQ(entries.positions.size(), 1U);
  EXPECT_EQ(entries.positions[0].lots.raw, 1'000);
  EXPECT_EQ(entries.positions[0].entry.raw, 128'000) << "64000 in ticks of 0.5";
  // With balances too: what is carried at the mark is no gain.
  std::string state = run_command(gateway::add_state_command,
                                  {"state", "--journal", w.journal_folder().string(), "--json"})
                          .out;
  const std::size_t at = state.find("\"quantity\": \"100\"");
  ASSERT_NE(at, std::string::npos);
  state.replace(at, 17, "\"quantity\": \"150\"");
  outcome = reconcile({"--against", file(state), "--adjust", adjust.string()});
  EXPECT_EQ(outcome.code, 1);
  entries = config::parse_state(read_file(adjust), "adjust.json", w.deployment());
  ASSERT_EQ(entries.positions.size(), 1U);
  EXPECT_EQ(entries.positions[0].lots.raw, 50);
  EXPECT_TRUE(entries.balances.empty()) << "both have it at 221.81";
}

TEST_F(Reconcile, SaysWhatIsWrongWithTheirs) {
  for (const auto& [text, problem] : std::vector<std::pair<std::string, std::string>>{
           {"", "theirs.csv:1: must be the header account,instrument,lots"},
           {"account,quantity\n", "theirs.csv:1: must be the header"},
           {"\n\naccount,instrument\nalpha-1,AMZN,1\n", "theirs.csv:3: must be the header"},
           {"account,instrument,lots\nalpha-1,AMZN\n",
            "theirs.csv:2: must have 3 fields and has 2"},
           {"account,instrument,lots\nalpha-1,AMZN,1,2\n", "theirs.csv:2: must have 3 fields"},
           {"account,instrument,lots\nalpha-1,AMZN,1.5\n",
            "theirs.csv:2: \"1.5\" is no whole number of lots"},
           {"account,instrument,quantity\n\nalpha-1,AMZN,1.5\n",
            "theirs.csv:3: \"1.5\" is no whole number of lots of 1"},
           {"account,instrument,quantity\nalpha-1,EUR/USD,1500\n",
            "theirs.csv:2: \"1500\" is no whole number of lots of 1000"},
           {"account,instrument,lots\nalpha-1,AMZN,many\n",
            "theirs.csv:2: \"many\" is not a number"},
           {"account,instrument,lots\nalpha-1,AMZN,\n", "theirs.csv:2: \"\" is empty"},
           {"account,instrument,lots\nalpha-1,AMZN,99999999999999999999\n", "theirs.csv:2: \"9999"},
           {"account,instrument,lots\nalpha-1,AMZN,1\nalpha-1,AMZN,1\n",
            "theirs.csv:3: alpha-1 has AMZN already"},
           {"account,asset,amount\nalpha-1,USDC,0.0000001\n",
            "theirs.csv:2: \"0.0000001\" is finer than 0.000001, a unit of USDC"},
           {"account,asset,amount\n\"alpha-1,USDC,1\n", "theirs.csv:2: its quotes do not match"},
           {"account,asset,amount\nal\"pha,USDC,1\n", "theirs.csv:2: its quotes do not match"},
           {"{\"by\": 1}", "theirs.csv: as_of"},
           {"{", "theirs.csv"},
       }) {
    const Outcome outcome = against(text);
    EXPECT_EQ(outcome.code, 2) << text;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.errors.find(problem), std::string::npos) << outcome.errors;
  }
  // Every line that is wrong is named.
  EXPECT_NE(against("account,instrument,lots\na,b\nc,d,x\n").errors.find("theirs.csv:3: \"x\""),
            std::string::npos);
  const Outcome nowhere = reconcile({"--against", "/nowhere.csv"});
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_NE(nowhere.errors.find("/nowhere.csv: cannot be read"), std::string::npos);
  const std::string positions = file(kPositions, "p.csv");
  const Outcome twice = reconcile({"--against", positions, "--against", positions});
  EXPECT_EQ(twice.code, 2);
  EXPECT_NE(twice.errors.find("another file has positions already"), std::string::npos);
}

TEST_F(Reconcile, AJournalThatCannotBeReadIsBadInput) {
  const std::string theirs = file(kPositions);
  std::filesystem::remove(w.journal_folder() / "segment-0000000001");
  const Outcome outcome = reconcile({"--against", theirs});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.errors, "");
}

// Names may have commas and quotes in them.
TEST(TheirBooks, QuotesAreAsInAnyCsv) {
  const config::Deployment deployment = small_deployment();
  const gateway::TheirBook book = gateway::parse_book(
      "account,asset,amount\n\"a,b\",\"say \"\"x\"\"\",\"-1.50\"\n", "f", deployment);
  EXPECT_TRUE(book.problems.empty());
  ASSERT_EQ(book.rows.size(), 1U);
  EXPECT_EQ(book.rows[0].account, "a,b");
  EXPECT_EQ(book.rows[0].thing, "say \"x\"");
  EXPECT_EQ(book.rows[0].text, "-1.50");
  EXPECT_FALSE(book.rows[0].is_zero);
}

}  // namespace
}  // namespace portcullis::test::reconcile_command_test
