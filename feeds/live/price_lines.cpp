#include "feeds/live/price_lines.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

#include "config/decimal.h"
#include "feeds/dialects/parse.h"

namespace portcullis::feeds {

namespace {

// The word up to the next space, which is taken off too.
std::string_view next_word(std::string_view& line) {
  const std::size_t space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  line = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
  return word;
}

}  // namespace

void PriceLines::connected() {
  begun_.clear();
  is_too_long_ = false;
  has_name_ = false;
  line_ = 0;
}

void PriceLines::ended() {
  if (begun_.empty() && !is_too_long_) return;
  if (!is_too_long_) ++counters_.malformed;  // that was counted as it grew too long
  last_error_ = "the connection ended within a line";
  begun_.clear();
  is_too_long_ = false;
}

bool PriceLines::take(std::string_view bytes, std::int64_t now_ns,
                      const std::function<void(const MarketUpdate&)>& on_update,
                      std::string& answers) {
  counters_.bytes += bytes.size();
  // One more, for the CR.
  const std::size_t longest = settings_.line_bytes_max + 1;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const bool is_whole = end != std::string_view::npos;
    std::string_view piece = bytes.substr(0, end);
    bytes.remove_prefix(is_whole ? end + 1 : bytes.size());
    if (!is_too_long_ && begun_.size() + piece.size() > longest) {
      is_too_long_ = true;
      begun_.clear();
      ++line_;
      ++counters_.messages;
      ++counters_.malformed;
      answer_error(fmt::format("has more than {} bytes", settings_.line_bytes_max), answers);
      if (!has_name_) return false;
    }
    if (is_too_long_) {
      is_too_long_ = !is_whole;
      continue;
    }
    if (!is_whole) {
      begun_ += piece;
      return true;
    }
    bool goes_on = false;
    if (begun_.empty()) {
      goes_on = take_line(piece, now_ns, on_update, answers);
    } else {
      begun_ += piece;
      goes_on = take_line(begun_, now_ns, on_update, answers);
      begun_.clear();
    }
    if (!goes_on) return false;
  }
  return true;
}

bool PriceLines::take_line(std::string_view line, std::int64_t now_ns,
                           const std::function<void(const MarketUpdate&)>& on_update,
                           std::string& answers) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  ++line_;
  ++counters_.messages;
  const std::string_view whole = line;
  const std::string_view verb = next_word(line);
  std::string_view wrong;
  if (whole.size() > settings_.line_bytes_max) {
    ++counters_.malformed;
    wrong = "is too long";
  } else if (!has_name_) {
    if (verb == "source" && line == settings_.name) {
      has_name_ = true;
      fmt::format_to(std::back_inserter(answers), "ok {}\n", settings_.name);
      return true;
    }
    ++counters_.malformed;
    answer_error(verb == "source" ? "is no source here" : "must be: source NAME", answers);
    return false;
  } else if (verb == "mark") {
    wrong = take_price(line, MarketField::Mark, now_ns, on_update);
  } else if (verb == "index") {
    wrong = take_price(line, MarketField::Index, now_ns, on_update);
  } else if (whole == "ping") {
    answers += "pong\n";
  } else {
    ++counters_.malformed;
    wrong = "is no mark, index or ping";
  }
  if (!wrong.empty()) answer_error(wrong, answers);
  return true;
}

std::string_view PriceLines::refuse(UpdateOutcome outcome, std::string_view what) {
  ++outcomes_.outcomes[static_cast<std::size_t>(outcome)];
  if (outcome == UpdateOutcome::Fault) {
    ++counters_.malformed;
  }
  ++counters_.refused;
  return what;
}

std::string_view PriceLines::take_price(std::string_view line, MarketField field,
                                        std::int64_t now_ns,
                                        const std::function<void(const MarketUpdate&)>& on_update) {
  const std::string_view symbol = next_word(line);
  const std::string_view price_text = next_word(line);
  const std::string_view time_text = line;
  if (!is_symbol(symbol)) return refuse(UpdateOutcome::Fault, "the symbol is none");
  const config::ExactResult price = config::parse_exact(price_text, false);
  if (!price.ok() || price_text.find_first_not_of("-.0123456789") != std::string_view::npos) {
    return refuse(UpdateOutcome::Fault, "the price is no decimal of 64 bits");
  }
  if (price.number.digits <= 0) return refuse(UpdateOutcome::Fault, "the price is not above zero");
  std::int64_t time_ns = 0;
  const char* const end = time_text.data() + time_text.size();
  const auto [read, error] = std::from_chars(time_text.data(), end, time_ns);
  if (time_text.empty() || error != std::errc() || read != end || time_ns < 0) {
    return refuse(UpdateOutcome::Fault, "the time is no number of nanoseconds");
  }

  Known& known = field == MarketField::Mark ? marks_ : indexes_;
  auto found = known.find(symbol);
  if (found == known.end() && marks_.size() + indexes_.size() >= settings_.symbols_max) {
    return refuse(UpdateOutcome::TooManySymbols, "there are too many symbols");
  }
  if (time_ns - now_ns > settings_.ahead_max_ns) {
    return refuse(UpdateOutcome::Future, "the time is ahead of the clock here");
  }
  if (found != known.end()) {
    const MarketUpdate& last = found->second;
    if (time_ns < last.source_time_ns) {
      return refuse(UpdateOutcome::OutOfOrder, "the time is before that of the last");
    }
    if (time_ns == last.source_time_ns && last[field] == price.number) {
      return refuse(UpdateOutcome::Duplicate, {});
    }
  } else {
    found = known.try_emplace(std::string(symbol)).first;
    found->second.symbol = found->first;
  }
  MarketUpdate& update = found->second;
  update.source_time_ns = time_ns;
  update.arrival_ns = now_ns;
  update[field] = price.number;
  ++outcomes_.outcomes[static_cast<std::size_t>(UpdateOutcome::Taken)];
  ++counters_.updates;
  on_update(update);
  return {};
}

void PriceLines::answer_error(std::string_view what, std::string& answers) {
  ++counters_.errors;
  last_error_ = what;
  fmt::format_to(std::back_inserter(answers), "error {} {}\n", line_, what);
}

}  // namespace portcullis::feeds
