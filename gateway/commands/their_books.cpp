#include "gateway/commands/their_books.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "config/decimal.h"

namespace portcullis::gateway {

namespace {

enum class Column : std::uint8_t { Lots, Quantity, Amount };

// The fields of one line; none: its quotes do not match.
std::optional<std::vector<std::string>> split(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (c != '"') {
      if (c == ',' && !quoted) {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    } else if (quoted && at + 1 < line.size() && line[at + 1] == '"') {
      fields.back() += c;
      ++at;
    } else if (quoted ? at + 1 == line.size() || line[at + 1] == ',' : fields.back().empty()) {
      quoted = !quoted;
    } else {
      return std::nullopt;
    }
  }
  if (quoted) return std::nullopt;
  return fields;
}

std::optional<Column> column_of(std::string_view header) {
  if (header == "account,instrument,lots") return Column::Lots;
  if (header == "account,instrument,quantity") return Column::Quantity;
  if (header == "account,asset,amount") return Column::Amount;
  return std::nullopt;
}

class BookReader {
 public:
  BookReader(std::string_view file, const config::Deployment& deployment)
      : file_(file), deployment_(deployment) {}

  TheirBook read(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    std::size_t number = 0;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      line_ = ++number;
      if (!line.empty()) read_line(line);
    }
    if (line_ == 0 || (!column_ && book_.problems.empty())) wrong_header();
    return std::move(book_);
  }

 private:
  void problem(std::string_view what) {
    book_.problems.push_back(fmt::format("{}:{}: {}", file_, line_, what));
  }

  void wrong_header() {
    line_ = std::max<std::size_t>(line_, 1);
    problem(
        "must be the header account,instrument,lots, account,instrument,quantity or "
        "account,asset,amount");
  }

  void read_line(std::string_view line) {
    if (!column_) {
      if (!book_.problems.empty()) return;
      column_ = column_of(line);
      if (!column_) wrong_header();
      book_.kind = column_ == Column::Amount ? BookKind::Balances : BookKind::Positions;
      return;
    }
    const auto fields = split(line);
    if (!fields) return problem("its quotes do not match");
    if (fields->size() != 3)
      return problem(fmt::format("must have 3 fields and has {}", fields->size()));
    TheirBook::Row row{.account = (*fields)[0], .thing = (*fields)[1], .text = (*fields)[2]};
    if (!seen_.emplace(row.account, row.thing).second)
      return problem(fmt::format("{} has {} already", row.account, row.thing));
    if (read_amount(row)) book_.rows.push_back(std::move(row));
  }

  bool read_amount(TheirBook::Row& row) {
    const auto [scale, step, what] = measure_of(row);
    const config::Decimal decimal = config::parse_decimal(row.text, scale);
    if (decimal.error == config::DecimalError::TooManyDigits || decimal.value % step != 0)
      return problem(fmt::format("\"{}\" is {}", row.text, what)), false;
    if (!decimal.ok())
      return problem(fmt::format("\"{}\" {}", row.text, describe(decimal.error))), false;
    row.amount = decimal.value / step;
    row.is_zero = decimal.value == 0;
    return true;
  }

  struct Measure {
    int scale = 0;
    std::int64_t step = 1;
    std::string what;  // what it is where it is finer
  };
  [[nodiscard]] Measure measure_of(const TheirBook::Row& row) const {
    if (column_ == Column::Lots) return {0, 1, "no whole number of lots"};
    const auto instrument = deployment_.names.instruments.find(row.thing);
    if (column_ == Column::Quantity && instrument.exists()) {
      const config::InstrumentSettings& of = deployment_.instruments[instrument.value];
      return {of.quantity_decimals, of.lot,
              fmt::format("no whole number of lots of {}",
                          config::to_decimal(of.lot, of.quantity_decimals))};
    }
    const auto asset = deployment_.names.assets.find(row.thing);
    if (column_ == Column::Amount && asset.exists()) {
      const int decimals = deployment_.assets[asset.value].decimals;
      return {
          decimals, 1,
          fmt::format("finer than {}, a unit of {}", config::to_decimal(1, decimals), row.thing)};
    }
    // What nobody here knows may be as fine as it likes.
    const std::size_t point = std::min(row.text.find('.'), row.text.size());
    const std::size_t digits = row.text.size() - std::min(point + 1, row.text.size());
    return {static_cast<int>(std::min<std::size_t>(digits, config::kDecimalScaleMax)), 1,
            fmt::format("finer than {} digits behind the point", config::kDecimalScaleMax)};
  }

  std::string_view file_;
  const config::Deployment& deployment_;
  TheirBook book_;
  std::optional<Column> column_;
  std::size_t line_ = 0;
  std::set<std::pair<std::string, std::string>> seen_;
};

}  // namespace

TheirBook parse_book(std::string_view text, std::string_view file,
                     const config::Deployment& deployment) {
  return BookReader(file, deployment).read(text);
}

}  // namespace portcullis::gateway
