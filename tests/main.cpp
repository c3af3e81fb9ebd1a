// The main() of every test program. Named with the stem of a file it runs the tests of that file
// alone: what is compiled together is not run together.

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

namespace {

// "Suite.Name:Suite.Name" of the tests that are written in the file.
std::string tests_of(std::string_view stem) {
  std::string filter;
  const ::testing::UnitTest& all = *::testing::UnitTest::GetInstance();
  for (int s = 0; s < all.total_test_suite_count(); ++s) {
    const ::testing::TestSuite& suite = *all.GetTestSuite(s);
    for (int t = 0; t < suite.total_test_count(); ++t) {
      const ::testing::TestInfo& test = *suite.GetTestInfo(t);
      if (std::filesystem::path(test.file()).stem() != stem) continue;
      filter.append(suite.name()).append(".").append(test.name()).append(":");
    }
  }
  return filter;
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (argc > 2) {
    std::fprintf(stderr, "usage: %s [FILE'S STEM] [GTEST OPTIONS]\n", argv[0]);
    return 2;
  }
  if (argc == 2) {
    const std::string filter = tests_of(argv[1]);
    if (filter.empty()) {
      std::fprintf(stderr, "no test is written in %s.cpp\n", argv[1]);
      return 2;
    }
    GTEST_FLAG_SET(filter, filter);
  }
  return RUN_ALL_TESTS();
}
