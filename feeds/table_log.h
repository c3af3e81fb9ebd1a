// The table log: risk tables as files under the hash of their content, in the folder "tables" of the
// journal's (TABLES.md: byte by byte). A file is never changed, and is there as
// long as a record of the journal that is kept names its hash: for the gate, a replay and whoever recomputes.
//
// Any thread, but one writer a folder at a time. Errors are texts with the file and what is wrong
// with it; nothing throws.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "risk/risk_table.h"

namespace portcullis::feeds {

// SHA-256 of all bytes of the file.
using TableHash = std::array<std::uint8_t, 32>;
[[nodiscard]] TableHash hash_of(std::span<const std::byte> bytes);
// 64 lower-case hexadecimal digits: the file's name.
[[nodiscard]] std::string to_text(const TableHash& hash);

inline constexpr std::uint32_t kTableFormatVersion = 1;
inline constexpr std::uint32_t kTableRowsMax = 1 << 20;
inline constexpr std::uint32_t kTableColumnsMax = 1 << 16;  // of all lag states
inline constexpr std::uint32_t kTableAnchorsMax = 1 << 20;
inline constexpr std::uint64_t kTableBytesMax = std::uint64_t{1} << 30;

// What the gate is given: a table that is in force from a moment on.
struct PublishedTable {
  risk::GroupIndex group{};
  std::uint64_t version = 0;  // RiskTable::id
  TableHash hash{};
  risk::Timestamp valid_from{};
  std::shared_ptr<const risk::RiskTable> table{};
};

// The content of a table's file. The same table gives the same bytes on every machine. REQUIRES the
// bounds above; gains a whole number of columns for each row of measures, none where there is no row.
[[nodiscard]] std::vector<std::byte> encode_table(const risk::RiskTable& table);

struct LoadedTable {
  std::shared_ptr<risk::RiskTable> table{};  // without its facts; none: there is a problem
  std::string problem{};
};
// Of bytes whose hash is that of their name. Bytes that are no table are a problem, whatever they are.
[[nodiscard]] LoadedTable decode_table(std::span<const std::byte> bytes);

// Makes the folder where it is not there yet, and removes what a writer left that did not come to
// its end. An empty text, or what is wrong.
[[nodiscard]] std::string open_table_log(const std::filesystem::path& journal);

// The table is on the disk when this returns an empty text: synced, and its name too. Writing one
// that is there already does nothing but sync; a damaged one is written anew. On any failure the file
// is not there, or it is the whole file.
[[nodiscard]] std::string write_table(const std::filesystem::path& journal,
                                      const PublishedTable& published);

// Checks the hash before it believes a byte.
[[nodiscard]] LoadedTable load_table(const std::filesystem::path& journal, const TableHash& hash);

// Those that are there, by hash; whether they are whole load_table() says. Files of other names are
// nobody's. Empty where the folder cannot be read.
[[nodiscard]] std::vector<TableHash> list_tables(const std::filesystem::path& journal);

}  // namespace portcullis::feeds
