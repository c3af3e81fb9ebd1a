// The table log: what is written is what is read, byte by byte as TABLES.md says; what is damaged,
// missing or no table is a text that says so; and what a full disk leaves is no table.

#include "feeds/table_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/paths.h"

namespace {

// What the log asks of the disk, in order: "sync NAME", "rename NAME"; and whether the n-th sync from
// now on fails.
std::vector<std::string> calls;
int failing_sync = 0;

std::string name_of(int fd) {
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)).filename().string();
}

}  // namespace

// In place of the C library's.
extern "C" int fsync(int fd) {
  calls.push_back("sync " + name_of(fd));
  if (failing_sync > 0 && --failing_sync == 0) {
    errno = EIO;
    return -1;
  }
  return ::fdatasync(fd);
}
extern "C" int rename(const char* from, const char* to) noexcept {
  calls.push_back("rename " + std::filesystem::path(from).filename().string());
  return ::renameat(AT_FDCWD, from, AT_FDCWD, to);
}

namespace portcullis::feeds::table_log_test {
namespace {

risk::RiskTable small_table() {
  return {.id = 0x1122334455667788,
          .parameter_version = 7,
          .group = {3},
          .as_of = {1'764'000'000'000'000'001},
          .gains = {1, -2, std::numeric_limits<std::int32_t>::min(), 4, 5, 6, 7, 8, 9},
          .measures = {{10, -11, 12, 13}, {20, 21, 22, 23}, {30, 31, 32, 33}},
          .anchors = {{{5}, {92'000}}, {{6}, {1}}}};
}

PublishedTable published(risk::RiskTable table) {
  PublishedTable out{.group = table.group, .version = table.id};
  out.hash = hash_of(encode_table(table));
  out.table = std::make_shared<const risk::RiskTable>(std::move(table));
  return out;
}

void expect_same(const risk::RiskTable& a, const risk::RiskTable& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.parameter_version, b.parameter_version);
  EXPECT_EQ(a.group, b.group);
  EXPECT_EQ(a.as_of, b.as_of);
  EXPECT_EQ(a.gains, b.gains);
  EXPECT_EQ(a.measures, b.measures);
  EXPECT_EQ(a.anchors, b.anchors);
}

std::vector<std::byte> bytes_of(std::string_view text) {
  std::vector<std::byte> bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

class TableLog : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "table_log_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    journal_ = pattern;
    ASSERT_EQ(open_table_log(journal_), "");
  }
  void TearDown() override { std::filesystem::remove_all(journal_); }

  [[nodiscard]] std::filesystem::path path_of(const TableHash& hash) const {
    return journal_ / "tables" / to_text(hash);
  }
  static std::string content(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static void put(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(journal_ / "tables"), {}));
  }

  std::filesystem::path journal_;
};

TEST(TableHashText, IsSha256) {
  // FIPS 180-2.
  EXPECT_EQ(to_text(hash_of(bytes_of("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_text(hash_of({})),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(TableLog, GivesBackWhatWasWritten) {
  const PublishedTable table = published(small_table());
  ASSERT_EQ(write_table(journal_, table), "");
  const LoadedTable loaded = load_table(journal_, table.hash);
  ASSERT_TRUE(loaded.table) << loaded.problem;
  EXPECT_EQ(loaded.problem, "");
  expect_same(*loaded.table, small_table());
  EXPECT_EQ(files(), 1);
  EXPECT_EQ(list_tables(journal_), std::vector{table.hash});
  struct stat status {};
  ASSERT_EQ(::stat(path_of(table.hash).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

// The fields where TABLES.md has them, read here from its tables.
TEST_F(TableLog, IsByteByByteAsThePageSays) {
  const PublishedTable table = published(small_table());
  ASSERT_EQ(write_table(journal_, table), "");
  const std::string bytes = content(path_of(table.hash));
  const auto number = [&](std::size_t offset, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(bytes.at(offset + i));
    return value;
  };
  // By section and field: offset and size.
  std::map<std::string, std::map<std::string, std::pair<std::size_t, std::size_t>>> page;
  std::ifstream stream(std::filesystem::path(test::source_dir()) / "feeds" / "TABLES.md");
  ASSERT_TRUE(stream);
  std::string section;
  const std::regex field(R"(\| (\d+) \| (\d+) \| `(\w+)` \|.*)");
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("#### ")) section = line.substr(5);
    std::smatch match;
    if (std::regex_match(line, match, field))
      page[section][match[3]] = {std::stoul(match[1]), std::stoul(match[2])};
  }
  const auto& header = page.at("Header, 48 bytes");
  const auto& anchor = page.at("Anchor, 16 bytes");
  const auto& measures = page.at("Measures, 32 bytes");
  const auto at = [&](std::size_t start, const auto& fields, const std::string& name) {
    const auto [offset, size] = fields.at(name);
    return number(start + offset, size);
  };
  EXPECT_EQ(bytes.substr(header.at("magic").first, header.at("magic").second), "PCRSKTBL");
  EXPECT_EQ(at(0, header, "version"), 1);
  EXPECT_EQ(at(0, header, "group"), 3);
  EXPECT_EQ(at(0, header, "id"), 0x1122334455667788);
  EXPECT_EQ(at(0, header, "as_of_ns"), 1'764'000'000'000'000'001);
  EXPECT_EQ(at(0, header, "parameter_version"), 7);
  EXPECT_EQ(at(0, header, "rows"), 3);
  EXPECT_EQ(at(0, header, "columns"), 3);
  EXPECT_EQ(at(0, header, "anchors"), 2);
  EXPECT_EQ(at(48, anchor, "instrument"), 5);
  EXPECT_EQ(at(48, anchor, "reserved"), 0);
  EXPECT_EQ(at(48, anchor, "mark"), 92'000);
  EXPECT_EQ(at(64, anchor, "mark"), 1);
  EXPECT_EQ(at(80, measures, "delta"), 10);
  EXPECT_EQ(at(80, measures, "vega"), static_cast<std::uint64_t>(-11));
  EXPECT_EQ(at(80, measures, "initial_charge"), 12);
  EXPECT_EQ(at(144, measures, "maintenance_charge"), 33);
  EXPECT_EQ(number(176, 4), 1);
  EXPECT_EQ(number(180, 4), 0xFFFFFFFE);
  EXPECT_EQ(number(184, 4), 0x80000000);
  EXPECT_EQ(number(208, 4), 9);
  EXPECT_EQ(number(212, 4), 0) << "an odd number of gains is filled up";
  EXPECT_EQ(bytes.size(), 216);
}

TEST_F(TableLog, TheHashIsThatOfTheFileAndTellsEveryFieldApart) {
  std::vector<TableHash> hashes{published(small_table()).hash};
  const auto changed = [&](auto change) {
    risk::RiskTable table = small_table();
    change(table);
    hashes.push_back(published(table).hash);
  };
  changed([](auto& table) { ++table.id; });
  changed([](auto& table) { ++table.parameter_version; });
  changed([](auto& table) { ++table.group.value; });
  changed([](auto& table) { ++table.as_of.ns; });
  changed([](auto& table) { ++table.gains.back(); });
  changed([](auto& table) { ++table.measures[1][2]; });
  changed([](auto& table) { ++table.anchors[1].mark.raw; });
  changed([](auto& table) { ++table.anchors[1].instrument.value; });
  changed([](auto& table) { table.anchors.pop_back(); });
  std::sort(hashes.begin(), hashes.end());
  EXPECT_EQ(std::unique(hashes.begin(), hashes.end()), hashes.end());

  const PublishedTable table = published(small_table());
  ASSERT_EQ(write_table(journal_, table), "");
  EXPECT_EQ(to_text(hash_of(bytes_of(content(path_of(table.hash))))), to_text(table.hash));
}

TEST_F(TableLog, AMissingTableIsAClearError) {
  const TableHash hash = published(small_table()).hash;
  const LoadedTable loaded = load_table(journal_, hash);
  EXPECT_FALSE(loaded.table);
  EXPECT_EQ(loaded.problem,
            path_of(hash).string() + ": opening the risk table: No such file or directory");
}

TEST_F(TableLog, EveryDamagedByteAndEveryCutIsAClearError) {
  const PublishedTable table = published(small_table());
  ASSERT_EQ(write_table(journal_, table), "");
  const std::filesystem::path path = path_of(table.hash);
  const std::string good = content(path);
  const auto problem = [&](const std::string& text) {
    put(path, text);
    const LoadedTable loaded = load_table(journal_, table.hash);
    EXPECT_FALSE(loaded.table);
    return loaded.problem;
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    ASSERT_TRUE(
        problem(bad).starts_with(path.string() + ": damaged: the hash of its 216 bytes is "))
        << i;
    ASSERT_NE(problem(good.substr(0, i)).find(": damaged: "), std::string::npos) << i;
  }
  EXPECT_NE(problem(good + '\0').find(": damaged: "), std::string::npos);
  put(path, good);
  EXPECT_TRUE(load_table(journal_, table.hash).table);
}

// What has the right hash and yet is no table: of another program, or of a hostile one.
TEST_F(TableLog, BytesThatAreNoTableAreAClearError) {
  const std::vector<std::byte> good = encode_table(small_table());
  const auto problem = [&](auto change) {
    std::vector<std::byte> bytes = good;
    change(bytes);
    const LoadedTable loaded = decode_table(bytes);
    EXPECT_FALSE(loaded.table);
    return loaded.problem;
  };
  const auto set = [](std::size_t offset, std::uint32_t value) {
    return [=](std::vector<std::byte>& bytes) {
      for (std::size_t i = 0; i < 4; ++i)
        bytes[offset + i] = static_cast<std::byte>(value >> (8 * i) & 0xFF);
    };
  };
  EXPECT_EQ(problem([](auto& bytes) { bytes.clear(); }), "cut off in the header");
  EXPECT_EQ(problem([](auto& bytes) { bytes.resize(47); }), "cut off in the header");
  EXPECT_EQ(problem(set(0, 0)), "no risk table (wrong magic)");
  EXPECT_EQ(problem(set(8, 2)), "format version 2, this program reads 1");
  EXPECT_EQ(problem(set(36, 4)), "216 bytes, and 4 rows of 3 columns with 2 anchors have 256");
  EXPECT_EQ(problem(set(36, 0)), "0 rows, 3 columns and 2 anchors are too many");
  for (const std::size_t offset : {36U, 40U, 44U}) {
    EXPECT_NE(problem(set(offset, 0xFFFFFFFF)).find("are too many"), std::string::npos);
    EXPECT_NE(problem(set(offset, 1 << 16)).find("216 bytes, and "), std::string::npos);
  }
  EXPECT_EQ(problem([](auto& bytes) { bytes.push_back({}); }),
            "217 bytes, and 3 rows of 3 columns with 2 anchors have 216");
  EXPECT_EQ(problem(set(52, 1)), "a reserved field of an anchor is not 0");
  EXPECT_EQ(problem(set(212, 1)), "what fills it up is not 0");
  const auto empty = decode_table(encode_table(risk::RiskTable{}));
  ASSERT_TRUE(empty.table) << empty.problem;
  EXPECT_TRUE(empty.table->gains.empty());

  const std::string text = "nothing of the kind, but long enough for a header of one";
  const TableHash hash = hash_of(bytes_of(text));
  put(path_of(hash), text);
  EXPECT_EQ(load_table(journal_, hash).problem,
            path_of(hash).string() + ": no risk table (wrong magic)");
}

TEST_F(TableLog, WritingItAgainChangesNothingAndADamagedOneIsMadeGood) {
  const PublishedTable table = published(small_table());
  ASSERT_EQ(write_table(journal_, table), "");
  struct stat before {};
  ASSERT_EQ(::stat(path_of(table.hash).c_str(), &before), 0);
  ASSERT_EQ(write_table(journal_, table), "");
  struct stat after {};
  ASSERT_EQ(::stat(path_of(table.hash).c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  put(path_of(table.hash), "short");
  ASSERT_EQ(write_table(journal_, table), "");
  EXPECT_TRUE(load_table(journal_, table.hash).table);
  EXPECT_EQ(files(), 1);
}

TEST_F(TableLog, OpeningRemovesWhatWasNotFinishedAndNothingElse) {
  const PublishedTable table = published(small_table());
  ASSERT_EQ(write_table(journal_, table), "");
  put(path_of(table.hash).string() + ".new", "half a ta");
  put(journal_ / "tables" / "notes.new", "somebody's");
  ASSERT_EQ(open_table_log(journal_), "");
  EXPECT_FALSE(std::filesystem::exists(path_of(table.hash).string() + ".new"));
  EXPECT_TRUE(std::filesystem::exists(journal_ / "tables" / "notes.new"));
  EXPECT_TRUE(load_table(journal_, table.hash).table);
  EXPECT_EQ(list_tables(journal_), std::vector{table.hash});
}

TEST_F(TableLog, WhereTheFolderCannotBeItSaysSo) {
  std::filesystem::remove(journal_ / "tables");
  const PublishedTable table = published(small_table());
  EXPECT_NE(write_table(journal_, table).find("making the risk table's file: No such file"),
            std::string::npos);
  put(journal_ / "tables", "a file");
  EXPECT_NE(open_table_log(journal_).find("Not a directory"), std::string::npos);
  EXPECT_NE(write_table(journal_, table).find("Not a directory"), std::string::npos);
  EXPECT_NE(open_table_log(journal_ / "nowhere").find("making the folder: No such file"),
            std::string::npos);
  EXPECT_TRUE(list_tables(journal_).empty());
}

TEST_F(TableLog, AFolderInItsPlaceIsAClearError) {
  const PublishedTable table = published(small_table());
  std::filesystem::create_directory(path_of(table.hash));
  EXPECT_EQ(load_table(journal_, table.hash).problem,
            path_of(table.hash).string() + ": opening the risk table: Invalid argument");
  const std::string problem = write_table(journal_, table);
  EXPECT_NE(problem.find("renaming the risk table: Is a directory"), std::string::npos) << problem;
  EXPECT_EQ(files(), 1);
}

TEST_F(TableLog, IsSyncedBeforeItHasItsNameAndItsNameAfterwards) {
  const PublishedTable table = published(small_table());
  const std::string name = to_text(table.hash);
  calls.clear();
  ASSERT_EQ(write_table(journal_, table), "");
  EXPECT_EQ(calls, (std::vector<std::string>{"sync " + name + ".new", "rename " + name + ".new",
                                             "sync tables"}));
  // Whoever wrote it may not have come to that.
  calls.clear();
  ASSERT_EQ(write_table(journal_, table), "");
  EXPECT_EQ(calls, (std::vector<std::string>{"sync " + name, "sync tables"}));
  calls.clear();
  ASSERT_EQ(open_table_log(journal_), "");
  EXPECT_EQ(calls, (std::vector<std::string>{"sync " + journal_.filename().string()}));
}

TEST_F(TableLog, ADiskThatDoesNotSyncIsAClearError) {
  const PublishedTable table = published(small_table());
  const std::string path = path_of(table.hash).string();
  failing_sync = 1;
  EXPECT_EQ(write_table(journal_, table),
            path + ".new: syncing the risk table: Input/output error");
  EXPECT_EQ(files(), 0);
  failing_sync = 2;
  EXPECT_EQ(write_table(journal_, table),
            (journal_ / "tables").string() + ": syncing the folder: Input/output error");
  EXPECT_TRUE(load_table(journal_, table.hash).table) << "the whole file, if it stays";
  failing_sync = 1;
  EXPECT_EQ(write_table(journal_, table), path + ": syncing the risk table: Input/output error");
  failing_sync = 1;
  EXPECT_EQ(open_table_log(journal_),
            journal_.string() + ": syncing the folder: Input/output error");
}

// A file that may not grow stands for the disk that is full.
TEST_F(TableLog, AFullDiskLeavesNoTable) {
  const PublishedTable table = published(small_table());
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { .rlim_cur = 100, .rlim_max = before.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string problem = write_table(journal_, table);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(problem, path_of(table.hash).string() + ".new: writing the risk table: File too large");
  EXPECT_EQ(files(), 0);
  EXPECT_FALSE(load_table(journal_, table.hash).table);
  EXPECT_EQ(write_table(journal_, table), "");
  EXPECT_TRUE(load_table(journal_, table.hash).table);
}

}  // namespace
}  // namespace portcullis::feeds::table_log_test
