#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "bench/wire/ends.h"

namespace portcullis::bench::wire {

namespace {

constexpr char kEnd = '\1';          // of a field
constexpr std::size_t kTrailer = 7;  // 10=123 and its end
constexpr int kHeartbeatS = 600;     // so long that there is none
// Who speaks to whom: the trader to the system, the system to the venue.
constexpr std::string_view kTrader = "TRADER";
constexpr std::string_view kSystem = "GATE";
constexpr std::string_view kVenue = "VENUE";

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  return fmt::format("{:%Y%m%d-%H:%M:%S}.000", fmt::gmtime(now));
}

// One side of a FIX session.
class Session {
 public:
  Session(std::string_view sender, std::string_view target)
      : names_(fmt::format("49={}{}56={}{}", sender, kEnd, target, kEnd)) {}

  // The next message; the fields of its body each end in kEnd.
  std::string message(std::string_view type, std::string_view body) {
    if (next_ % 1'000 == 1) time_ = now_text();
    const std::string inner = fmt::format("35={}{}{}34={}{}52={}{}{}", type, kEnd, names_, next_++,
                                          kEnd, time_, kEnd, body);
    std::string whole = fmt::format("8=FIX.4.4{}9={}{}{}", kEnd, inner.size(), kEnd, inner);
    const unsigned sum = std::accumulate(whole.begin(), whole.end(), 0U, [](unsigned s, char c) {
      return s + static_cast<unsigned char>(c);
    });
    return whole + fmt::format("10={:03}{}", sum % 256, kEnd);
  }
  std::string logon() {
    return message("A", fmt::format("98=0{}108={}{}141=Y{}", kEnd, kHeartbeatS, kEnd, kEnd));
  }

 private:
  const std::string names_;
  std::string time_;
  std::uint32_t next_ = 1;
};

// A field's value; empty: it is not there. The message begins with another field.
std::string_view field(std::string_view message, std::string_view tag) {
  std::array<char, 8> text{kEnd};
  const std::size_t size = 1 + tag.copy(text.data() + 1, text.size() - 2);
  text[size] = '=';
  const std::size_t at = message.find(std::string_view(text.data(), size + 1));
  if (at == std::string_view::npos) return {};
  message.remove_prefix(at + size + 1);
  return message.substr(0, message.find(kEnd));
}

std::uint32_t number_of(std::string_view digits) {
  std::uint32_t number = 0;
  const auto read = std::from_chars(digits.begin(), digits.end(), number);
  if (read.ec != std::errc()) throw std::runtime_error("an order without its number");
  return number;
}

// What has come, and its messages.
class Input {
 public:
  // False: the connection has ended.
  template <class Take>
  bool read(Line& line, Take&& take) {
    std::array<std::byte, 65'536> bytes;
    const std::ptrdiff_t n = line.read(bytes);
    if (n <= 0) return n == 0;
    const std::int64_t now = steady_ns();
    input_.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(n));
    std::string_view rest = input_;
    while (const std::optional<std::string_view> message = next(rest)) take(*message, now);
    input_.erase(0, input_.size() - rest.size());
    return true;
  }

 private:
  static std::optional<std::string_view> next(std::string_view& rest) {
    constexpr std::string_view kBegin = "8=FIX.4.4\0019=";
    const std::size_t end = rest.find(kEnd, kBegin.size());
    if (rest.size() < kBegin.size() || end == std::string_view::npos) return std::nullopt;
    if (!rest.starts_with(kBegin)) throw std::runtime_error("what is no FIX 4.4");
    const std::size_t size =
        end + 1 + number_of(rest.substr(kBegin.size(), end - kBegin.size())) + kTrailer;
    if (rest.size() < size) return std::nullopt;
    const std::string_view message = rest.substr(0, size);
    rest.remove_prefix(size);
    return message;
  }
  std::string input_;
};

class FixTrader final : public Trader {
 public:
  FixTrader(std::unique_ptr<Line> line, Course& course, const World& world)
      : Trader(std::move(line), course), world_(world) {
    const std::string logon = session_.logon();
    send_all(std::as_bytes(std::span(logon)));
  }

  [[nodiscard]] bool is_logged_in() const override { return is_logged_in_; }

  void hear() override {
    if (!input_.read(line(),
                     [this](std::string_view message, std::int64_t now) { take(message, now); })) {
      throw std::runtime_error("the trader's connection ended");
    }
  }

 private:
  void take(std::string_view message, std::int64_t now) {
    const std::string_view type = field(message, "35");
    if (type == "A") is_logged_in_ = true;
    if (type != "8" && type != "A" && type != "0")
      throw std::runtime_error(fmt::format("the trader got {}", message));
    if (type != "8") return;
    const std::uint32_t number = number_of(field(message, "11"));
    const std::string_view what = field(message, "150");
    if (what == "0") {
      course().answered(number, now);
    } else if (what == "4") {
      course().done(number);
    } else {
      course().refused(number, message);
    }
  }

  void put_order(std::uint32_t number, std::vector<std::byte>& out) override {
    const Terms terms = terms_of(number, world_);
    const std::string body = fmt::format(
        "11={1}{0}1=A{2:03}{0}21=1{0}55=I{3:03}{0}54={4}{0}60={5}{0}38=1{0}40=2{0}"
        "44={6}.{7:02}{0}59=3{0}",
        kEnd, number, terms.account, terms.instrument, terms.is_buy ? 1 : 2, time_,
        terms.price_cents / 100, terms.price_cents % 100);
    const std::string message = session_.message("D", body);
    const auto bytes = std::as_bytes(std::span(message));
    out.insert(out.end(), bytes.begin(), bytes.end());
  }

  const World world_;
  const std::string time_ = now_text();
  Session session_{kTrader, kSystem};
  Input input_;
  bool is_logged_in_ = false;
};

class FixVenue final : public Venue {
 public:
  FixVenue(std::unique_ptr<Door> door, Course& course) : door_(std::move(door)), course_(course) {}

  void hear() override {
    if (line_ == nullptr) line_ = door_->accept();
    if (line_ == nullptr) return;
    if (!input_.read(*line_,
                     [this](std::string_view message, std::int64_t now) { take(message, now); })) {
      throw std::runtime_error("the venue's connection ended");
    }
    if (output_.empty()) return;
    const std::ptrdiff_t sent = line_->write(std::as_bytes(std::span(output_)));
    if (sent < 0) throw std::runtime_error("the venue's connection ended");
    output_.erase(0, static_cast<std::size_t>(sent));
  }
  void on_time() override {}

 private:
  void take(std::string_view message, std::int64_t now) {
    const std::string_view type = field(message, "35");
    if (type == "A") output_ += session_.logon();
    if (type != "D" && type != "A" && type != "0")
      throw std::runtime_error(fmt::format("the venue got {}", message));
    if (type != "D") return;
    const std::string_view order = field(message, "11");
    course_.arrived(number_of(order), now);
    for (const char what : {'0', '4'}) {
      output_ += session_.message(
          "8", fmt::format("37={1}{0}17={2}{0}150={3}{0}39={3}{0}11={1}{0}55={4}{0}54={5}{0}"
                           "151={6}{0}14=0{0}6=0{0}",
                           kEnd, order, ++execution_, what, field(message, "55"),
                           field(message, "54"), what == '0' ? 1 : 0));
    }
  }

  const std::unique_ptr<Door> door_;
  Course& course_;
  std::unique_ptr<Line> line_;
  Session session_{kVenue, kSystem};
  Input input_;
  std::string output_;
  std::uint64_t execution_ = 0;
};

}  // namespace

std::unique_ptr<Trader> fix_trader(std::unique_ptr<Line> line, Course& course, const World& world) {
  return std::make_unique<FixTrader>(std::move(line), course, world);
}

std::unique_ptr<Venue> fix_venue(std::unique_ptr<Door> door, Course& course) {
  return std::make_unique<FixVenue>(std::move(door), course);
}

}  // namespace portcullis::bench::wire
