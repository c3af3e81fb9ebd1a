#include "config/decimal.h"

#include <algorithm>
#include <limits>

namespace portcullis::config {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The parts of a number's text; the digits are checked, the rest is arithmetic.
struct Parts {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  int exponent = 0;
  DecimalError error = DecimalError::None;
};

std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// Reads what follows the 'e': false when that is no exponent. Large ones are cut at a size that no
// text within the limits can bring back into range.
bool take_exponent(std::string_view& text, int& exponent) {
  const bool negative = take(text, '-');
  if (!negative) take(text, '+');
  const std::string_view digits = take_digits(text);
  if (digits.empty()) return false;
  for (const char c : digits) exponent = std::min(exponent * 10 + (c - '0'), 10'000);
  if (negative) exponent = -exponent;
  return true;
}

// How a number may be written, beside [-]digits[.digits].
struct Form {
  bool leading_zeros = false;
  bool exponent = false;
};
constexpr Form kDecimalForm{.leading_zeros = true};
constexpr Form kJsonForm{.exponent = true};

Parts split(std::string_view text, Form form) noexcept {
  Parts parts;
  const auto failed = [&](DecimalError error) {
    parts.error = error;
    return parts;
  };
  if (text.empty()) return failed(DecimalError::Empty);
  parts.negative = take(text, '-');
  parts.whole = take_digits(text);
  if (parts.whole.empty()) return failed(DecimalError::NotANumber);
  if (!form.leading_zeros && parts.whole.size() > 1 && parts.whole.front() == '0') {
    return failed(DecimalError::NotANumber);
  }
  if (take(text, '.')) {
    parts.fraction = take_digits(text);
    if (parts.fraction.empty()) return failed(DecimalError::NotANumber);
  }
  if (form.exponent && (take(text, 'e') || take(text, 'E')) &&
      !take_exponent(text, parts.exponent)) {
    return failed(DecimalError::NotANumber);
  }
  return text.empty() ? parts : failed(DecimalError::NotANumber);
}

Decimal parse(std::string_view text, int scale, Form form) noexcept {
  if (text.size() > kDecimalTextMax) return {0, DecimalError::OutOfRange};
  const Parts parts = split(text, form);
  if (parts.error != DecimalError::None) return {0, parts.error};
  const std::uint64_t limit = (std::uint64_t{1} << 63) - (parts.negative ? 0 : 1);
  const int whole_size = static_cast<int>(parts.whole.size());
  const int digit_count = whole_size + static_cast<int>(parts.fraction.size());
  const auto digit = [&](int i) {
    const char c = i < whole_size ? parts.whole[static_cast<std::size_t>(i)]
                                  : parts.fraction[static_cast<std::size_t>(i - whole_size)];
    return static_cast<std::uint64_t>(c - '0');
  };
  // The digits before `kept` make up the integer, with zeros where there are none.
  const int kept = whole_size + parts.exponent + scale;
  std::uint64_t value = 0;
  bool cut_off = false;
  for (int i = 0; i < std::max(digit_count, kept); ++i) {
    if (i >= digit_count && value == 0) break;
    const std::uint64_t next = i < digit_count ? digit(i) : 0;
    if (i >= kept) {
      cut_off = cut_off || next != 0;
    } else if (value > (limit - next) / 10) {
      return {0, DecimalError::OutOfRange};
    } else {
      value = value * 10 + next;
    }
  }
  // Two's complement: the magnitude 2^63 is only possible below zero.
  const std::uint64_t bits = parts.negative ? ~value + 1 : value;
  return {static_cast<std::int64_t>(bits),
          cut_off ? DecimalError::TooManyDigits : DecimalError::None};
}

}  // namespace

std::string_view describe(DecimalError error) {
  switch (error) {
    case DecimalError::None:
      return "is a number";
    case DecimalError::Empty:
      return "is empty";
    case DecimalError::NotANumber:
      return "is not a number";
    case DecimalError::TooManyDigits:
      return "has too many digits behind the point";
    case DecimalError::OutOfRange:
      return "is out of range";
  }
  return "";
}

Decimal parse_decimal(std::string_view text, int scale) noexcept {
  return parse(text, scale, kDecimalForm);
}

Decimal parse_json_number(std::string_view text, int scale) noexcept {
  return parse(text, scale, kJsonForm);
}

bool is_json_number(std::string_view text) noexcept {
  return split(text, kJsonForm).error == DecimalError::None;
}

std::string to_decimal(risk::Int128 value, int scale) {
  __extension__ using Uint128 = unsigned __int128;
  Uint128 rest = value < 0 ? ~static_cast<Uint128>(value) + 1 : static_cast<Uint128>(value);
  std::string reversed;
  for (int place = 0; rest != 0 || place <= scale; ++place) {
    const char digit = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
    if (place < scale && reversed.empty() && digit == '0') continue;
    if (place == scale && !reversed.empty()) reversed += '.';
    reversed += digit;
  }
  if (value < 0) reversed += '-';
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

ExactResult parse_exact(std::string_view text, bool json) noexcept {
  if (text.size() > kDecimalTextMax) return {{}, DecimalError::OutOfRange};
  const Parts parts = split(text, {.leading_zeros = !json, .exponent = true});
  if (parts.error != DecimalError::None) return {{}, parts.error};

  constexpr std::uint64_t kLimit = std::numeric_limits<std::int64_t>::max();
  std::uint64_t value = 0;
  int zeros = 0;  // read behind the last other digit, and not in `value` yet
  const auto append = [&](std::uint64_t next) {
    if (value > (kLimit - next) / 10) return false;
    value = value * 10 + next;
    return true;
  };
  for (const std::string_view digits : {parts.whole, parts.fraction}) {
    for (const char c : digits) {
      if (c == '0') {
        ++zeros;
        continue;
      }
      for (; zeros > 0 && value != 0; --zeros) {
        if (!append(0)) return {{}, DecimalError::OutOfRange};
      }
      zeros = 0;
      if (!append(static_cast<std::uint64_t>(c - '0'))) return {{}, DecimalError::OutOfRange};
    }
  }
  if (value == 0) return {};
  int scale = static_cast<int>(parts.fraction.size()) - parts.exponent - zeros;
  for (; scale < 0; ++scale) {
    if (!append(0)) return {{}, DecimalError::OutOfRange};
  }
  if (scale > kExactScaleMax) return {{}, DecimalError::OutOfRange};
  const auto digits = static_cast<std::int64_t>(value);
  return {{parts.negative ? -digits : digits, scale}};
}

Decimal at_scale(const ExactDecimal& number, int scale) noexcept {
  std::int64_t value = number.digits;
  bool cut_off = false;
  for (int place = number.scale; place < scale; ++place) {
    if (__builtin_mul_overflow(value, std::int64_t{10}, &value)) {
      return {0, DecimalError::OutOfRange};
    }
  }
  for (int place = number.scale; place > scale; --place) {
    cut_off = cut_off || value % 10 != 0;
    value /= 10;
  }
  return {value, cut_off ? DecimalError::TooManyDigits : DecimalError::None};
}

std::string to_decimal(const ExactDecimal& number) {
  return to_decimal(number.digits, number.scale);
}

}  // namespace portcullis::config
