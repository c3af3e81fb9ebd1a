// `portcullis journal`: what a line says, the filters, where it begins to read, and what is wrong with
// journals and command lines. The fields of every record are tests/property/journal_print_test.cpp's.
#include "gateway/commands/journal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/json.h"
#include "gateway/commands/journal_time.h"
#include "gateway/gate/records.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/seek.h"
#include "tests/support/command_line.h"
#include "tests/support/gate_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::journal_command_test {
namespace {

namespace gate = gateway::gate;
namespace journal = gateway::journal;
namespace ouch = gateway::ouch;

using Arguments = std::vector<std::string>;

Outcome print(const std::filesystem::path& folder, const Arguments& more = {}) {
  Arguments arguments{"journal", "--journal", folder.string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_command(gateway::add_journal_command, arguments);
}

// Without the sequence and the time, and what is owed to clients.
Lines said(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  Lines lines;
  std::istringstream in(outcome.out);
  for (std::string line; std::getline(in, line);) {
    const std::size_t type = line.find(' ', line.find(' ') + 1) + 1;
    if (line.compare(type, 7, "marker ") == 0) continue;  // which the world takes now and then
    lines.push_back(line.substr(type, line.find(" | ") - type));
  }
  return lines;
}

std::vector<int> sequences(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  std::vector<int> numbers;
  std::istringstream in(outcome.out);
  for (std::string line; std::getline(in, line);) numbers.push_back(std::stoi(line));
  return numbers;
}

// 36 session up, 37 enter 1, 38 accepted; a second later prices (39 - 45), 46 replace, 47 replaced, 48 executed,
// 49 a refusal, 50 another order, of bravo-2, 51 accepted, 52 cancel, 53 canceled, 54 kill of bravo-2, 55 its
// cancels, 56 session down, 57 and 58 looks at accounts.
class JournalCommand : public testing::Test {
 protected:
  JournalCommand() {
    const auto bravo = w.session("BRAVO1");
    w.session_is(bravo, true);
    w.enter(bravo, {.number = 1});
    w.say(accepted(1));
    w.pass_time(risk::kSecondNs);
    w.replace(bravo, 1, {.number = 2, .quantity = 150});
    w.say(replaced(1, 2, {.quantity = 150}));
    w.say(executed(2, 40, kAmznPrice, 7));
    w.enter(bravo, {.number = 3, .quantity = 100'000});
    w.enter(bravo, {.number = 4, .side = 'S', .price = 2'300'000, .firm = "BRV2"});
    w.say(accepted(3, {.price = 2'300'000, .side = 'S'}));
    w.cancel(bravo, 2, 100);
    w.say(canceled(2, 50));
    w.control({.time = {},
               .target = w.account("bravo-2").value,
               .by = {},
               .scope = risk::ControlScope::Account,
               .action = risk::ControlAction::Kill});
    w.session_is(bravo, false);
    w.look_again();
  }
  [[nodiscard]] Outcome journal(const Arguments& more = {}) {
    return print(w.journal_folder(), more);
  }

  GateWorld w;
};

TEST_F(JournalCommand, SaysEachRecordInALine) {
  EXPECT_EQ(
      said(journal({"--sequence", "20:39"})),
      (Lines{"load_balance charlie-3 BTC 0.25", "load_position alpha-1 BTC-PERP 2.5 @ 64000",
             "load_position alpha-hedge BTC-PERP -20 @ 64500.5",
             "load_position bravo-2 AMZN 1000 @ 221.5",
             "load_position charlie-1 EUR/USD -500000 @ 1.0852", "loaded", "mark BTC-PERP 64000",
             "mark ETH-PERP 3200", "mark AMZN 220", "mark EUR/USD 1.085", "index USDC 1",
             "index BTC 64000", "index ETH 3200", "venue_link logged_in session VENUE00001 next 1",
             "venue_message #1 query_response next_user_ref_num 1", "venue_link up",
             "session BRAVO1 up",
             "enter bravo-1 BRAVO1:1 buy 100 AMZN @ 220 day \"C1\" -> forward "
             "as 1",
             "venue_message #2 accepted user_ref_num 1 side B quantity 100 symbol AMZN price 220 "
             "time_in_force 0 display Y order_reference_number 0 capacity P "
             "inter_market_sweep_eligibility N cross_type N order_state L"}));
  EXPECT_EQ(said(journal({"--sequence", "47:"})),
            (Lines{"replace BRAVO1:1 by 2 to 150 lots @ 22000 ticks day \"C2\" -> forward as 2",
                   "venue_message #3 replaced orig_user_ref_num 1 user_ref_num 2 side B quantity "
                   "150 symbol AMZN price 220 time_in_force 0 display Y order_reference_number 0 "
                   "capacity P inter_market_sweep_eligibility N cross_type N order_state L",
                   "venue_message #4 executed user_ref_num 2 quantity 40 price 220 liquidity_flag "
                   "A match_number 7",
                   "enter bravo-1 BRAVO1:3 buy 100000 AMZN @ 220 day \"C3\" -> reject clip_size at "
                   "account bravo-1: limit 1000, needed 100000, available 1000, short 99000, "
                   "largest passing 1000",
                   "enter bravo-2 BRAVO1:4 sell 100 AMZN @ 230 day \"C4\" -> forward as 3",
                   "venue_message #5 accepted user_ref_num 3 side S quantity 100 symbol AMZN price "
                   "230 time_in_force 0 display Y order_reference_number 0 capacity P "
                   "inter_market_sweep_eligibility N cross_type N order_state L",
                   "cancel BRAVO1:2 to 100 lots -> forward as 2",
                   "venue_message #6 canceled user_ref_num 2 decrement 50 reason U",
                   "control kill account bravo-2", "sweep_slice sweep 0 from 0",
                   "session BRAVO1 down", "recheck from 0 count 4 starts_day 1",
                   "due alpha-1 alpha-2 alpha-3 alpha-hedge count 4"}));
}

TEST_F(JournalCommand, BeginsALineWithSequenceAndTimeAndEndsItWithWhatIsOwed) {
  EXPECT_EQ(journal({"--sequence", "55"}).out,
            "55 2026-01-05T10:00:01.000000000Z venue_message #6 canceled user_ref_num 2 decrement "
            "50 reason U | BRAVO1#6 canceled 2\n");
}

TEST_F(JournalCommand, WithoutAConfigurationItShowsIndexes) {
  const std::filesystem::path folder = w.journal_folder();
  std::filesystem::remove(folder / "configuration.json");
  EXPECT_EQ(said(print(folder, {"--sequence", "38"})),
            (Lines{"enter account#4 session#2:1 buy 100 lots instrument#2 @ 22000 ticks day "
                   "\"C1\" -> forward as 1"}));
  EXPECT_EQ(sequences(print(folder, {"--account", "#5", "--type", "enter"})), std::vector{52});
  const Outcome by_name = print(folder, {"--account", "bravo-2"});
  EXPECT_EQ(by_name.code, 1);
  EXPECT_NE(by_name.errors.find("no names without a configuration.json"), std::string::npos);
  // One that cannot be read is said, and does not hide the records.
  std::ofstream(folder / "configuration.json") << "{}";
  const Outcome broken = print(folder, {"--sequence", "38"});
  EXPECT_EQ(broken.code, 0);
  EXPECT_NE(broken.out.find("account#4"), std::string::npos);
  EXPECT_NE(broken.errors.find("indexes are shown"), std::string::npos) << broken.errors;
}

TEST_F(JournalCommand, FiltersByWhatARecordIsAbout) {
  // Orders, executions and cancels of its orders, and looks at it.
  EXPECT_EQ(sequences(journal({"--account", "bravo-1"})),
            (std::vector{9, 10, 38, 39, 47, 49, 50, 51, 54, 55}));
  EXPECT_EQ(sequences(journal({"--account", "bravo-2"})), (std::vector{11, 23, 52, 53, 56}));
  EXPECT_EQ(sequences(journal({"--account", "alpha-2", "--sequence", "30:"})),
            (std::vector{59, 60}));
  EXPECT_EQ(sequences(journal({"--session", "BRAVO1"})),
            (std::vector{37, 38, 39, 47, 49, 50, 51, 52, 53, 54, 55, 58}));
  EXPECT_EQ(sequences(journal({"--session", "ALPHA1"})), std::vector<int>{});
  EXPECT_EQ(sequences(journal({"--instrument", "AMZN", "--from", "10:00:01"})),
            (std::vector{42, 47, 49, 50, 51, 52, 53, 54, 55}));
  EXPECT_EQ(sequences(journal({"--type", "enter,cancel"})), (std::vector{38, 51, 52, 54}));
  EXPECT_EQ(sequences(journal({"--type", "enter", "--type", "session", "--limit", "2"})),
            (std::vector{37, 38}));
  EXPECT_EQ(
      sequences(journal({"--account", "bravo-1", "--type", "venue_message", "--sequence", ":49"})),
      (std::vector{39, 49}));
}

TEST_F(JournalCommand, FollowsAnOrderThroughAllItsNumbers) {
  const std::vector chain{38, 39, 47, 49, 50, 54, 55};
  EXPECT_EQ(sequences(journal({"--order", "1"})), chain);
  EXPECT_EQ(sequences(journal({"--order", "2"})), chain);
  EXPECT_EQ(sequences(journal({"--order", "BRAVO1:1"})), chain);
  EXPECT_EQ(sequences(journal({"--order", "#2:2"})), chain);
  EXPECT_EQ(sequences(journal({"--order", "3"})), (std::vector{52, 53}));
  // One that was refused has no number of ours.
  EXPECT_EQ(sequences(journal({"--order", "BRAVO1:3"})), std::vector{51});
  EXPECT_EQ(sequences(journal({"--order", "77"})), std::vector<int>{});
  EXPECT_EQ(sequences(journal({"--order", "1", "--from", "10:00:01", "--type", "venue_message"})),
            (std::vector{49, 50, 55}));
}

// Found at the venue after a crash of this side: it has a number, and no record of ours entered it.
TEST(JournalCommandAdopted, AnOrderThatTheVenueKnewIsFoundByItsFirm) {
  GateWorld w;
  w.say(accepted(5, {.firm = "BRV1", .cl_ord_id = own_cl_ord_id(w.session("BRAVO1"), 9)}));
  w.say(executed(5, 10, kAmznPrice, 1));
  const std::vector both{37, 38};
  EXPECT_EQ(sequences(print(w.journal_folder(), {"--order", "5"})), both);
  EXPECT_EQ(sequences(print(w.journal_folder(), {"--order", "BRAVO1:9"})), both);
  EXPECT_EQ(sequences(print(w.journal_folder(), {"--account", "bravo-1", "--sequence", "30:"})),
            both);
  EXPECT_EQ(sequences(print(w.journal_folder(), {"--instrument", "AMZN", "--sequence", "30:"})),
            both);
}

TEST_F(JournalCommand, FiltersByTime) {
  const std::vector<int> late = sequences(journal({"--from", "2026-01-05T10:00:01Z"}));
  ASSERT_FALSE(late.empty());
  EXPECT_EQ(late.front(), 40);
  EXPECT_EQ(late.back(), 60);
  EXPECT_EQ(sequences(journal({"--from", "10:00:01"})), late);
  EXPECT_EQ(sequences(journal({"--from", "10:00:00.000000001"})), late);
  EXPECT_EQ(sequences(journal({"--from", "10:00:01.000000001"})), std::vector<int>{});
  const std::vector<int> early = sequences(journal({"--to", "10:00:01"}));
  ASSERT_FALSE(early.empty());
  EXPECT_EQ(early.front(), 1);
  EXPECT_EQ(early.back(), 39);
  EXPECT_EQ(sequences(journal({"--to", "2026-01-05T10:00:00.5Z", "--from", "10:00:00"})), early);
}

TEST_F(JournalCommand, ThereIsJsonOfTheSame) {
  const Outcome outcome = journal({"--json", "--sequence", "51:52"});
  EXPECT_EQ(outcome.code, 0);
  std::istringstream in(outcome.out);
  std::string line;
  ASSERT_TRUE(std::getline(in, line));
  config::Json record = config::parse_json(line).json;
  for (const auto& [path, text] : std::vector<std::pair<std::string, std::string>>{
           {"sequence", "51"},
           {"time", "1767607201000000000"},
           {"type_name", "\"enter\""},
           {"command.order.account_name", "\"bravo-1\""},
           {"command.order.price", "22000"},
           {"command.order.price_decimal", "\"220\""},
           {"command.decision.reason_name", "\"clip_size\""},
           {"command.decision.shortfall", "99000"},
           {"command.decision.shortfall_decimal", "\"99000\""},
           {"outbounds[0].stream_name", "\"BRAVO1\""},
           {"outbounds[0].message.reason", "49"},
       }) {
    const config::Json* found = find(record, path);
    ASSERT_NE(found, nullptr) << path << " in " << line;
    EXPECT_EQ(config::to_text(*found), text) << path;
  }
  EXPECT_TRUE(std::getline(in, line));
  EXPECT_FALSE(std::getline(in, line));
}

TEST_F(JournalCommand, SaysWhatIsWrongWithTheCommandLine) {
  for (const auto& [arguments, problem] : std::vector<std::pair<Arguments, std::string>>{
           {{"--account", "nobody"}, "--account nobody: there is none of this name"},
           {{"--instrument", "XYZ"}, "--instrument XYZ: there is none"},
           {{"--order", "x"}, "--order x: must be NUMBER or SESSION:CLIENTREF"},
           {{"--order", "0"}, "--order 0: must be"},
           {{"--order", "NOBODY:1"}, "--order NOBODY: there is none"},
           {{"--type", "enter,foo"}, "--type foo: is none of start, enter, "},
           {{"--sequence", "9:5"}, "--sequence 9:5: must be A:B"},
           {{"--sequence", ":"}, "--sequence :: must be A:B"},
           {{"--sequence", "a"}, "--sequence a: must be A:B"},
           {{"--from", "25:00:00"}, "--from 25:00:00: must be a UTC time"},
           {{"--to", "2026-02-30T00:00:00Z"}, "--to 2026-02-30T00:00:00Z: must be"},
           {{"--from", "10:00"}, "--from 10:00: must be"},
       }) {
    const Outcome outcome = journal(arguments);
    EXPECT_EQ(outcome.code, 1) << problem;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.errors.find(problem), std::string::npos) << outcome.errors;
  }
  EXPECT_NE(journal({"--limit", "0"}).code, 0);
}

TEST(JournalTime, IsUtcOrOfADay) {
  constexpr std::int64_t kDay = 1'767'571'200'000'000'000;  // 2026-01-05
  EXPECT_EQ(gateway::parse_time("2026-01-05T00:00:00Z", 0), kDay);
  EXPECT_EQ(gateway::parse_time("2026-01-05T00:00:01.000000009Z", 0), kDay + 1'000'000'009);
  EXPECT_EQ(gateway::parse_time("00:00:00", kDay + 86'399'999'999'999), kDay);
  EXPECT_EQ(gateway::parse_time("10:30:05.25", kDay), kDay + 37'805'250'000'000);
  for (const char* wrong :
       {"", "10", "10:00", "24:00:00", "10:00:00Z", "10:00:00.", "10:00:00.1234567891",
        "10:00:00.x", "2026-01-05", "2026-01-05T10:00:00", "2026-01-05T10:00:00.5",
        "2026-01-05 10:00:00Z"}) {
    EXPECT_EQ(gateway::parse_time(wrong, kDay), std::nullopt) << wrong;
  }
}

// --- journals without a gate: of marks, one a second, in several segments

constexpr std::int64_t kBegin = 1'767'607'200 * risk::kSecondNs;

void append_marks(journal::Journal& journal, int first, int last) {
  for (int i = first; i <= last; ++i) {
    const risk::MarkUpdate mark{
        .time = {kBegin + i * risk::kSecondNs}, .as_of = {}, .mark = {i}, .instrument = {0}};
    if (journal.room() != journal::Room::All) {
      ASSERT_TRUE(journal.flush());
    }
    journal.begin(static_cast<std::uint16_t>(gate::RecordType::Mark), mark.time.ns,
                  journal::command_bytes(mark));
    journal.publish();
  }
}

class MarksJournal : public testing::Test {
 protected:
  static constexpr int kMarks = 10'000;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  void write(int marks = kMarks) {
    journal::Journal journal(journal::testing::small_options(folder()));
    append_marks(journal, 1, marks);
    ASSERT_TRUE(journal.close());
  }
  void damage(std::uint32_t segment, std::size_t offset) const {
    std::fstream file(folder() / journal::segment_name(segment),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put('\x55');
  }

 private:
  journal::testing::TemporaryFolder folder_{journal::testing::memory_folder()};
};

TEST_F(MarksJournal, FromDoesNotReadWhatLiesBefore) {
  write();
  const std::size_t segments = journal::list_segments(folder()).size();
  ASSERT_GE(segments, 5U);
  damage(1, 48 + 40);
  damage(3, 48 + 40);
  const Outcome late = print(folder(), {"--from", "2026-01-05T12:46:39Z"});  // 9999 seconds
  EXPECT_EQ(sequences(late), (std::vector{9'999, 10'000}));
  EXPECT_EQ(print(folder()).code, 1) << "the damage is there";
  EXPECT_EQ(sequences(print(folder(), {"--sequence", "9999:"})), (std::vector{9'999, 10'000}));
}

// Whichever time is asked for, the search ends in the segment before it.
TEST_F(MarksJournal, FromFindsEverySecond) {
  write();
  for (int second = 0; second <= kMarks + 1; second += 7) {
    const std::uint64_t begin =
        journal::sequence_before(folder(), kBegin + second * risk::kSecondNs);
    EXPECT_LE(begin, static_cast<std::uint64_t>(std::max(second, 1)));
    EXPECT_GT(begin + 100'000 / 64, static_cast<std::uint64_t>(second)) << "a segment's records";
  }
}

// Records of one time go on from one segment to the next: the search must not begin in the middle.
TEST_F(MarksJournal, FromFindsTheFirstOfManyRecordsOfOneTime) {
  {
    journal::Journal journal(journal::testing::small_options(folder()));
    append_marks(journal, 1, 100);
    for (int i = 0; i < 5'000; ++i) append_marks(journal, 100, 100);
    append_marks(journal, 101, 110);
    ASSERT_TRUE(journal.close());
  }
  ASSERT_GE(journal::list_segments(folder()).size(), 3U);
  EXPECT_EQ(sequences(print(folder(), {"--from", "10:01:40", "--to", "10:01:41"})).size(), 5'001U);
}

TEST_F(MarksJournal, PrintsWhatIsGoodAndThenWhatIsNot) {
  write(20);
  damage(1, 48 + 9 * 64 + 40);
  const Outcome outcome = print(folder());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 9);
  EXPECT_NE(outcome.errors.find("record 10 expected"), std::string::npos) << outcome.errors;
}

TEST_F(MarksJournal, AnEmptyJournalHasNoLinesAndNoJournalIsAnError) {
  const Outcome none = print(folder());
  EXPECT_EQ(none.code, 1);
  EXPECT_NE(none.errors.find("no segments in "), std::string::npos) << none.errors;
  const Outcome nowhere = print(folder() / "nowhere");
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_NE(nowhere.errors.find("nowhere"), std::string::npos) << nowhere.errors;
  write(0);
  for (const Arguments& more : {Arguments{}, {"--order", "1"}, {"--from", "10:00:00"}}) {
    const Outcome empty = print(folder(), more);
    EXPECT_EQ(empty.code, 0) << empty.errors;
    EXPECT_EQ(empty.out, "");
  }
}

// A killed gate's last records are in the ring alone, and so are those of one that runs.
TEST_F(MarksJournal, ReadsTheRingOfALiveJournalAndOfAKilledOne) {
  auto live = std::make_unique<journal::Journal>(journal::testing::small_options(folder()));
  append_marks(*live, 1, 5);
  ASSERT_TRUE(live->flush());
  append_marks(*live, 6, 9);
  EXPECT_EQ(sequences(print(folder(), {"--sequence", "4:"})), (std::vector{4, 5, 6, 7, 8, 9}));
  live.reset();
  EXPECT_EQ(sequences(print(folder(), {"--sequence", "4:"})), (std::vector{4, 5, 6, 7, 8, 9}));
}

}  // namespace
}  // namespace portcullis::test::journal_command_test
