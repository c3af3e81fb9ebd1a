#include "feeds/table_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace portcullis::feeds {

namespace {

constexpr std::string_view kMagic = "PCRSKTBL";
constexpr std::size_t kHeaderBytes = 48;
constexpr std::size_t kAnchorBytes = 16;
constexpr std::string_view kUnfinished = ".new";

// --- bytes

class ByteWriter {
 public:
  explicit ByteWriter(std::size_t bytes) { bytes_.reserve(bytes); }
  template <class T>
  void put(T value) {
    const auto bits = static_cast<std::make_unsigned_t<T>>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i)
      bytes_.push_back(static_cast<std::byte>(bits >> (8 * i) & 0xFF));
  }
  void put_text(std::string_view text) {
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

// Its caller has looked that there is enough.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <class T>
  T get() {
    std::make_unsigned_t<T> bits = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bits |= static_cast<std::make_unsigned_t<T>>(static_cast<std::make_unsigned_t<T>>(bytes_[i])
                                                   << (8 * i));
    }
    bytes_ = bytes_.subspan(sizeof(T));
    return static_cast<T>(bits);
  }

 private:
  std::span<const std::byte> bytes_;
};

// 64 bits hold it, by the bounds.
std::uint64_t bytes_of(std::uint64_t rows, std::uint64_t columns, std::uint64_t anchors) {
  const std::uint64_t gains = rows * columns;
  return kHeaderBytes + anchors * kAnchorBytes + rows * sizeof(risk::TableMeasures) +
         (gains + gains % 2) * sizeof(std::int32_t);
}

// --- files

std::filesystem::path folder_of(const std::filesystem::path& journal) { return journal / "tables"; }

std::string failed(std::string_view what, const std::filesystem::path& path, int error_number) {
  return fmt::format("{}: {}: {}", path.string(), what,
                     std::system_category().message(error_number));
}

class File {
 public:
  File(const std::filesystem::path& path, int flags)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, S_IRUSR | S_IWUSR)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] bool sync() const { return ::fsync(fd_) == 0; }
  [[nodiscard]] bool write(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return true;
  }
  // What an ordinary file holds; its size, else -1 and errno.
  [[nodiscard]] off_t size() const {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) return -1;
    if (S_ISREG(status.st_mode)) return status.st_size;
    errno = EINVAL;
    return -1;
  }
  // As many bytes as there are, up to those wanted.
  [[nodiscard]] std::optional<std::size_t> read(std::span<std::byte> bytes) const {
    std::size_t got = 0;
    while (got < bytes.size()) {
      const ssize_t count = ::read(fd_, bytes.data() + got, bytes.size() - got);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return std::nullopt;
      if (count == 0) break;
      got += static_cast<std::size_t>(count);
    }
    return got;
  }

 private:
  int fd_;
};

std::string sync_folder(const std::filesystem::path& folder) {
  const File file(folder, O_RDONLY | O_DIRECTORY);
  if (!file.is_open() || !file.sync()) return failed("syncing the folder", folder, errno);
  return "";
}

// Bytes whose hash is that of the name, or what is wrong.
std::string read_bytes(const std::filesystem::path& path, const TableHash& hash,
                       std::vector<std::byte>& bytes) {
  const File file(path, O_RDONLY);
  if (!file.is_open()) return failed("opening the risk table", path, errno);
  const off_t size = file.size();
  if (size < 0) return failed("opening the risk table", path, errno);
  if (static_cast<std::uint64_t>(size) > kTableBytesMax)
    return fmt::format("{}: {} bytes are no risk table", path.string(), size);
  bytes.resize(static_cast<std::size_t>(size));
  const std::optional<std::size_t> got = file.read(bytes);
  if (!got) return failed("reading the risk table", path, errno);
  bytes.resize(*got);
  const TableHash content = hash_of(bytes);
  if (content == hash) return "";
  return fmt::format("{}: damaged: the hash of its {} bytes is {}", path.string(), bytes.size(),
                     to_text(content));
}

std::optional<TableHash> hash_from(std::string_view name) {
  TableHash hash{};
  if (name.size() != 2 * hash.size()) return std::nullopt;
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const std::size_t high = kDigits.find(name[2 * i]);
    const std::size_t low = kDigits.find(name[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    hash[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return hash;
}

}  // namespace

TableHash hash_of(std::span<const std::byte> bytes) {
  TableHash hash{};
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  PORTCULLIS_ASSERT(done == 1);
  return hash;
}

std::string to_text(const TableHash& hash) { return fmt::format("{:02x}", fmt::join(hash, "")); }

std::vector<std::byte> encode_table(const risk::RiskTable& table) {
  const std::size_t rows = table.measures.size();
  const std::size_t columns = rows == 0 ? 0 : table.gains.size() / rows;
  PORTCULLIS_ASSERT(rows <= kTableRowsMax && columns <= kTableColumnsMax &&
                    table.anchors.size() <= kTableAnchorsMax &&
                    table.gains.size() == rows * columns);
  const std::uint64_t size = bytes_of(rows, columns, table.anchors.size());
  PORTCULLIS_ASSERT(size <= kTableBytesMax);
  ByteWriter out(size);
  out.put_text(kMagic);
  out.put(kTableFormatVersion);
  out.put(table.group.value);
  out.put(table.id);
  out.put(table.as_of.ns);
  out.put(table.parameter_version);
  out.put(static_cast<std::uint32_t>(rows));
  out.put(static_cast<std::uint32_t>(columns));
  out.put(static_cast<std::uint32_t>(table.anchors.size()));
  for (const risk::Anchor& anchor : table.anchors) {
    out.put(anchor.instrument.value);
    out.put(std::uint32_t{0});
    out.put(anchor.mark.raw);
  }
  for (const risk::TableMeasures& row : table.measures)
    for (const std::int64_t measure : row) out.put(measure);
  for (const std::int32_t gain : table.gains) out.put(gain);
  if (table.gains.size() % 2 == 1) out.put(std::int32_t{0});
  return out.take();
}

LoadedTable decode_table(std::span<const std::byte> bytes) {
  const auto no = [](std::string problem) { return LoadedTable{.problem = std::move(problem)}; };
  if (bytes.size() < kHeaderBytes) return no("cut off in the header");
  if (std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0)
    return no("no risk table (wrong magic)");
  ByteReader in(bytes.subspan(kMagic.size()));
  if (const auto version = in.get<std::uint32_t>(); version != kTableFormatVersion)
    return no(
        fmt::format("format version {}, this program reads {}", version, kTableFormatVersion));
  auto table = std::make_shared<risk::RiskTable>();
  table->group = {in.get<std::uint32_t>()};
  table->id = in.get<std::uint64_t>();
  table->as_of = {in.get<std::int64_t>()};
  table->parameter_version = in.get<std::uint32_t>();
  const auto rows = in.get<std::uint32_t>();
  const auto columns = in.get<std::uint32_t>();
  const auto anchors = in.get<std::uint32_t>();
  if (rows > kTableRowsMax || columns > kTableColumnsMax || anchors > kTableAnchorsMax ||
      (rows == 0 && columns != 0)) {
    return no(
        fmt::format("{} rows, {} columns and {} anchors are too many", rows, columns, anchors));
  }
  if (const std::uint64_t size = bytes_of(rows, columns, anchors); size != bytes.size()) {
    return no(fmt::format("{} bytes, and {} rows of {} columns with {} anchors have {}",
                          bytes.size(), rows, columns, anchors, size));
  }
  table->anchors.resize(anchors);
  for (risk::Anchor& anchor : table->anchors) {
    anchor.instrument = {in.get<std::uint32_t>()};
    if (in.get<std::uint32_t>() != 0) return no("a reserved field of an anchor is not 0");
    anchor.mark = {in.get<std::int64_t>()};
  }
  table->measures.resize(rows);
  for (risk::TableMeasures& row : table->measures)
    for (std::int64_t& measure : row) measure = in.get<std::int64_t>();
  table->gains.resize(std::size_t{rows} * columns);
  for (std::int32_t& gain : table->gains) gain = in.get<std::int32_t>();
  if (table->gains.size() % 2 == 1 && in.get<std::int32_t>() != 0)
    return no("what fills it up is not 0");
  return {.table = std::move(table)};
}

std::string open_table_log(const std::filesystem::path& journal) {
  const std::filesystem::path folder = folder_of(journal);
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    return failed("making the folder", folder, errno);
  if (std::string problem = sync_folder(journal); !problem.empty()) return problem;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.ends_with(kUnfinished) ||
        !hash_from(std::string_view(name).substr(0, name.size() - kUnfinished.size()))) {
      continue;
    }
    if (std::error_code why; !std::filesystem::remove(entry->path(), why))
      return failed("removing what was not finished", entry->path(), why.value());
  }
  if (error) return failed("reading the folder", folder, error.value());
  return "";
}

std::string write_table(const std::filesystem::path& journal, const PublishedTable& published) {
  const std::filesystem::path folder = folder_of(journal);
  const std::filesystem::path path = folder / to_text(published.hash);
  std::vector<std::byte> there;
  if (read_bytes(path, published.hash, there).empty()) {
    // Whoever wrote it may have ended before it was durable.
    const File file(path, O_RDONLY);
    if (!file.is_open() || !file.sync()) return failed("syncing the risk table", path, errno);
    return sync_folder(folder);
  }
  const std::filesystem::path fresh = path.string() + std::string(kUnfinished);
  const auto give_up = [&](std::string_view what) {
    const int error_number = errno;
    ::unlink(fresh.c_str());
    return failed(what, fresh, error_number);
  };
  {
    const File file(fresh, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open()) return failed("making the risk table's file", fresh, errno);
    if (!file.write(encode_table(*published.table))) return give_up("writing the risk table");
    if (!file.sync()) return give_up("syncing the risk table");
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return give_up("renaming the risk table");
  return sync_folder(folder);
}

LoadedTable load_table(const std::filesystem::path& journal, const TableHash& hash) {
  const std::filesystem::path path = folder_of(journal) / to_text(hash);
  std::vector<std::byte> bytes;
  if (std::string problem = read_bytes(path, hash, bytes); !problem.empty())
    return {.problem = std::move(problem)};
  LoadedTable loaded = decode_table(bytes);
  if (!loaded.table) loaded.problem = fmt::format("{}: {}", path.string(), loaded.problem);
  return loaded;
}

std::vector<TableHash> list_tables(const std::filesystem::path& journal) {
  std::vector<TableHash> hashes;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder_of(journal), error), end;
       !error && entry != end; entry.increment(error)) {
    if (const auto hash = hash_from(entry->path().filename().string())) hashes.push_back(*hash);
  }
  if (error) return {};
  std::sort(hashes.begin(), hashes.end());
  return hashes;
}

}  // namespace portcullis::feeds
