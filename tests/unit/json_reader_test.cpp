#include "config/json_reader.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "risk/types.h"

namespace portcullis::config::json_reader_test {
namespace {

using Index = risk::AccountIndex;

// Reads `text` with `read` and returns the problems, one a line.
template <class Read>
std::string problems_of(std::string_view text, Read read) {
  const JsonResult json = parse_json(text);
  EXPECT_EQ(json.error, "") << text;
  std::vector<Problem> problems;
  {
    JsonReader reader("f.json", json.json, problems);
    read(reader);
  }
  std::string lines;
  for (const Problem& problem : problems) lines += to_text(problem) + "\n";
  return lines;
}

TEST(JsonReader, GivesValuesOfTheirKind) {
  EXPECT_EQ(problems_of(R"({"i": -5, "d": "0.05", "b": true, "t": "text", "n": null, "r": "1/4",
                            "w": "two", "l": ["x", "y"], "o": {"i": 1}})",
                        [](JsonReader& in) {
                          EXPECT_EQ(in.integer("i", -5, -5), -5);
                          EXPECT_EQ(in.decimal("d", 6, 50'000, 50'000), 50'000);
                          EXPECT_EQ(in.boolean("b"), true);
                          EXPECT_EQ(in.text("t", 1, 4), "text");
                          EXPECT_TRUE(in.null("n"));
                          EXPECT_EQ(in.ratio("r"), (Ratio{1, 4}));
                          EXPECT_EQ(in.choice<int>("w", {{"one", 1}, {"two", 2}}), 2);
                          EXPECT_EQ(in.texts("l", 1, 1), (std::vector<std::string>{"x", "y"}));
                          EXPECT_EQ(in.object("o").integer("i", 0, 1), 1);
                        }),
            "");
}

TEST(JsonReader, GivesListsOfWordsAndOfDecimals) {
  EXPECT_EQ(
      problems_of(
          R"({"w": ["two", "one"], "d": ["-0.5", "1"]})",
          [](JsonReader& in) {
            EXPECT_EQ(in.choices<int>("w", {{"one", 1}, {"two", 2}}), (std::vector<int>{2, 1}));
            EXPECT_EQ(in.decimals("d", 1, -10, 10), (std::vector<std::int64_t>{-5, 10}));
          }),
      "");
  EXPECT_EQ(problems_of(
                R"({"w": ["one", "three", 1, "one"], "d": ["2", 1, "0.25"], "e": [],
                            "f": [], "g": 1})",
                [](JsonReader& in) {
                  EXPECT_EQ(in.choices<int>("w", {{"one", 1}, {"two", 2}}), (std::vector<int>{1}));
                  EXPECT_EQ(in.decimals("d", 1, -10, 10), (std::vector<std::int64_t>{}));
                  in.choices<int>("e", {{"one", 1}});
                  in.decimals("f", 0, 0, 1);
                  EXPECT_EQ(in.decimals("g", 0, 0, 1), std::nullopt);
                }),
            "f.json: w[1]: \"three\": must be \"one\" or \"two\"\n"
            "f.json: w[2]: 1: must be \"one\" or \"two\"\n"
            "f.json: w[3]: \"one\": is there twice\n"
            "f.json: d[0]: \"2\": must be from -1 to 1\n"
            "f.json: d[1]: 1: must be decimal text such as \"0.05\"\n"
            "f.json: d[2]: \"0.25\": has more than 1 digits behind the point\n"
            "f.json: e: []: must not be empty\n"
            "f.json: f: []: must not be empty\n"
            "f.json: g: 1: must be a list, not a number\n");
}

// One object of a document that is read in two steps.
TEST(JsonReader, ReadsAPartOfADocument) {
  const auto problems_in_part = [](std::string_view text) {
    const Json json = parse_json(text).json;
    std::vector<Problem> problems;
    {
      JsonReader part("f.json", json, "part", problems);
      if (part.readable()) part.integer("a", 0, 1);
    }
    std::string lines;
    for (const Problem& problem : problems) lines += to_text(problem) + "\n";
    return lines;
  };
  EXPECT_EQ(problems_in_part(R"({"other": 1, "part": {"a": 1}})"), "");
  EXPECT_EQ(problems_in_part(R"({"other": 1})"), "");
  EXPECT_EQ(problems_in_part("[1]"), "");
  EXPECT_EQ(problems_in_part(R"({"part": 5})"), "f.json: part: 5: must be an object\n");
  EXPECT_EQ(problems_in_part(R"({"part": {"a": 2, "b": 3}})"),
            "f.json: part.a: 2: must be a whole number from 0 to 1\n"
            "f.json: part.b: 3: is no key that is known here\n");
}

TEST(JsonReader, RecordsUnknownMissingAndDuplicateKeysAndGoesOn) {
  EXPECT_EQ(problems_of(R"({"a": 1, "a": 2, "extra": [1, 2], "o": {"z": 0}})",
                        [](JsonReader& in) {
                          EXPECT_EQ(in.integer("a", 0, 9), 1);
                          EXPECT_EQ(in.integer("b", 0, 9), std::nullopt);
                          EXPECT_EQ(in.object("o").boolean("c"), std::nullopt);
                        }),
            "f.json: a: 2: is there twice\n"
            "f.json: b: is missing\n"
            "f.json: o.c: is missing\n"
            "f.json: o.z: 0: is no key that is known here\n"
            "f.json: extra: [1,2]: is no key that is known here\n");
}

TEST(JsonReader, RecordsWrongTypes) {
  EXPECT_EQ(problems_of(R"({"i": "5", "f": 5.0, "d": 0.05, "b": "true", "t": 1, "o": [], "l": {}})",
                        [](JsonReader& in) {
                          EXPECT_FALSE(in.integer("i", 0, 9));
                          EXPECT_FALSE(in.integer("f", 0, 9));
                          EXPECT_FALSE(in.decimal("d", 2, 0, 9));
                          EXPECT_FALSE(in.boolean("b"));
                          EXPECT_FALSE(in.text("t", 0, 9));
                          EXPECT_FALSE(in.object("o").readable());
                          EXPECT_FALSE(in.texts("l", 0, 9));
                        }),
            "f.json: i: \"5\": must be a whole number from 0 to 9, not text\n"
            "f.json: f: 5.0: must be a whole number from 0 to 9, not a number\n"
            "f.json: d: 0.05: must be decimal text such as \"0.05\", not a number\n"
            "f.json: b: \"true\": must be true or false, not text\n"
            "f.json: t: 1: must be text, not a number\n"
            "f.json: o: []: must be an object, not a list\n"
            "f.json: l: {}: must be a list, not an object\n");
}

TEST(JsonReader, RecordsValuesOutOfRange) {
  EXPECT_EQ(
      problems_of(R"({"i": 10, "d": "10", "fine": "0.001", "no": "x", "long": "abcdef", "pad": " a",
                      "bell": "\u0007", "r": "0", "w": "three", "later": "es"})",
                  [](JsonReader& in) {
                    EXPECT_FALSE(in.integer("i", 0, 9));
                    EXPECT_FALSE(in.decimal("d", 2, 0, 999));
                    EXPECT_FALSE(in.decimal("fine", 2, 0, 999));
                    EXPECT_FALSE(in.decimal("no", 2, 0, 999));
                    EXPECT_FALSE(in.text("long", 1, 5));
                    EXPECT_FALSE(in.text("pad", 1, 5));
                    EXPECT_FALSE(in.text("bell", 1, 5));
                    EXPECT_FALSE(in.ratio("r"));
                    EXPECT_FALSE(in.choice<int>("w", {{"one", 1}, {"two", 2}}));
                    EXPECT_FALSE(in.choice<int>("later", {{"worst", 1}}, {"es"}));
                  }),
      "f.json: i: 10: must be a whole number from 0 to 9\n"
      "f.json: d: \"10\": must be from 0 to 9.99\n"
      "f.json: fine: \"0.001\": has more than 2 digits behind the point\n"
      "f.json: no: \"x\": is not a number\n"
      "f.json: long: \"abcdef\": must be text of 1 to 5 printable ASCII characters\n"
      "f.json: pad: \" a\": has spaces at its ends\n"
      "f.json: bell: \"\\u0007\": must be text of 1 to 5 printable ASCII characters\n"
      "f.json: r: \"0\": must be positive decimal text such as \"0.001\", or a fraction such as "
      "\"1/32\"\n"
      "f.json: w: \"three\": must be \"one\" or \"two\"\n"
      "f.json: later: \"es\": is not supported yet; must be \"worst\"\n");
}

TEST(JsonReader, ResolvesNames) {
  SymbolTable<Index> table;
  table.add("a");
  table.add("b");
  EXPECT_EQ(
      problems_of(
          R"({"one": "b", "none": "x", "list": ["b", "a", "b", 5, "c"],
                            "by_name": {"b": 1, "c": 2}})",
          [&](JsonReader& in) {
            EXPECT_EQ(in.reference("one", table, "an account"), Index{1});
            EXPECT_FALSE(in.reference("none", table, "an account"));
            EXPECT_EQ(in.references("list", table, "an account"), (std::vector<Index>{{1}, {0}}));
            JsonReader by_name = in.object("by_name");
            for (const auto& [name, index] : by_name.keys_of(table, "account")) {
              EXPECT_EQ(by_name.integer(name, 0, 9), 1);
              EXPECT_EQ(index, Index{1});
            }
          }),
      "f.json: none: \"x\": must be the name of an account\n"
      "f.json: list[2]: \"b\": is there twice\n"
      "f.json: list[3]: 5: must be the name of an account\n"
      "f.json: list[4]: \"c\": must be the name of an account\n"
      "f.json: by_name.a: is missing\n"
      "f.json: by_name.c: 2: there is no account of this name\n");
}

TEST(JsonReader, TellsAFaultOnceAndNotWhatFollowsFromIt) {
  EXPECT_EQ(problems_of(R"({"list": [{"a": 1}, 7]})",
                        [](JsonReader& in) {
                          JsonReader missing = in.object("missing");
                          EXPECT_FALSE(missing.integer("a", 0, 9));
                          EXPECT_FALSE(missing.object("deeper").boolean("b"));
                          EXPECT_TRUE(missing.keys().empty());
                          int readable = 0;
                          in.each_item("list", [&](JsonReader& item) {
                            if (item.integer("a", 0, 9)) ++readable;
                          });
                          EXPECT_EQ(readable, 1);
                        }),
            "f.json: missing: is missing\n"
            "f.json: list[1]: 7: must be an object, not a number\n");
}

TEST(JsonReader, ShortensLongValuesAndQuotesStrangeKeys) {
  const std::string text = problems_of("{\"a\\nb\": \"" + std::string(118, 'x') +
                                           "\xC3\xA9"
                                           "y\"}",
                                       [](JsonReader&) {});
  EXPECT_EQ(text, "f.json: \"a\\u000ab\": \"" + std::string(118, 'x') +
                      "...: is no key that is known here\n");
}

TEST(JsonReader, RefusesADocumentThatIsNoObject) {
  EXPECT_EQ(problems_of("[1]", [](JsonReader& in) { EXPECT_FALSE(in.integer("a", 0, 1)); }),
            "f.json: [1]: must be an object\n");
}

TEST(Json, NamesTheLineOfASyntaxError) {
  EXPECT_EQ(parse_json("{\n\"a\": 1,\n\"b\": tru\n}").line, 3u);
  EXPECT_EQ(parse_json("{\n\"a\": 1,\n\"b\": 012\n}").line, 3u);
  EXPECT_EQ(parse_json("{\n\"a\": 1,\n\"b\": 2,\n}").line, 4u);
  EXPECT_EQ(parse_json("{\n\"a\": 1\n}\n}").line, 4u);
  for (const std::string_view wrong : {"", "{", "{\"a\": 1,}", "[1 2]", "\xFF", "nul"}) {
    EXPECT_NE(parse_json(wrong).error, "") << wrong;
  }
}

TEST(Json, WritesWhatItReads) {
  const std::string_view text =
      R"({"a":[1,-2,null,true,"q\"b\\s"],"empty":{},"list":[],"big":18446744073709551615,"\u0001":"é"})";
  EXPECT_EQ(to_text(parse_json(text).json), text);
}

TEST(Json, RefusesDeepNesting) {
  EXPECT_EQ(parse_json(std::string(60, '[') + std::string(60, ']')).error, "");
  EXPECT_NE(parse_json(std::string(70, '[') + std::string(70, ']')).error, "");
  EXPECT_NE(parse_json(std::string(1'000'000, '[')).error, "");
}

// nst/JSONTestSuite: y_ must parse, n_ must not.
TEST(Json, DrawsTheLineWhereTheTestSuiteDrawsIt) {
  const char* const data = std::getenv("PORTCULLIS_DATA");  // NOLINT(concurrency-mt-unsafe)
  if (data == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  int accepted = 0;
  int refused = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(data) / "json" / "suite")) {
    const std::string name = entry.path().filename().string();
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    const bool ok = parse_json(text.str()).error.empty();
    if (name.starts_with("y_")) {
      EXPECT_TRUE(ok) << name;
      ++accepted;
    } else if (name.starts_with("n_")) {
      EXPECT_FALSE(ok) << name;
      ++refused;
    }
  }
  EXPECT_GT(accepted, 90);
  EXPECT_GT(refused, 180);
}

}  // namespace
}  // namespace portcullis::config::json_reader_test
