// Runs a fuzz target without libFuzzer: once over each file of the corpus folder, and over a fixed
// number of seeded mutations of each, so that every build and every sanitizer sees the decoder.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
    return 2;
  }
  const char* seed_text = std::getenv("PORTCULLIS_SEED");
  const auto seed = seed_text != nullptr ? std::strtoull(seed_text, nullptr, 10) : 1ULL;
  std::printf("seed %llu\n", seed);
  std::mt19937_64 random(seed);
  std::set<std::filesystem::path> files;  // sorted, so that a seed means the same run everywhere
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) files.insert(entry.path());
  std::size_t runs = 0;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::vector<char> text((std::istreambuf_iterator<char>(in)),
                                 std::istreambuf_iterator<char>());
    const std::vector<std::uint8_t> original(text.begin(), text.end());
    LLVMFuzzerTestOneInput(original.data(), original.size());
    for (int mutation = 0; mutation < 200; ++mutation, ++runs) {
      std::vector<std::uint8_t> bytes = original;
      const auto edits = 1 + random() % 4;
      for (std::uint64_t edit = 0; edit < edits; ++edit) {
        const auto kind = random() % 4;
        if (kind == 0 || bytes.empty()) {
          const auto at = static_cast<std::ptrdiff_t>(random() % (bytes.size() + 1));
          bytes.insert(bytes.begin() + at, static_cast<std::uint8_t>(random()));
        } else if (kind == 1) {
          bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(random() % bytes.size()));
        } else if (kind == 2) {
          bytes.resize(random() % bytes.size());
        } else {
          bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
        }
      }
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
  }
  std::printf("%zu files, %zu mutations\n", files.size(), runs);
  return files.empty() ? 1 : 0;
}
