#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "bench/wire/ends.h"
#include "gateway/json/signature.h"

namespace portcullis::bench::wire {

namespace {

constexpr std::string_view kUpgrade =
    "GET /v5/trade HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
constexpr std::array<unsigned char, 4> kMask{0x37, 0xFA, 0x21, 0x3D};
constexpr std::int64_t kLoginMs = 60'000;

std::int64_t epoch_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Adds a masked text frame.
void put_text(std::string_view text, std::vector<std::byte>& out) {
  const auto put = [&out](std::size_t value) { out.push_back(static_cast<std::byte>(value)); };
  put(0x81);
  if (text.size() > 125) {
    put(0x80 | 126);
    put(text.size() >> 8);
    put(text.size() & 0xFF);
  } else {
    put(0x80 | text.size());
  }
  for (const unsigned char mask : kMask) put(mask);
  for (std::size_t i = 0; i < text.size(); ++i)
    put(static_cast<unsigned char>(text[i]) ^ kMask[i % kMask.size()]);
}

class JsonTrader final : public Trader {
 public:
  JsonTrader(std::unique_ptr<Line> line, Course& course, const World& world, std::string key,
             std::string secret)
      : Trader(std::move(line), course),
        world_(world),
        key_(std::move(key)),
        secret_(std::move(secret)) {
    send_all(std::as_bytes(std::span(kUpgrade)));
  }

  [[nodiscard]] bool is_logged_in() const override { return is_logged_in_; }

  void hear() override {
    std::array<std::byte, 65'536> bytes;
    const std::ptrdiff_t n = line().read(bytes);
    if (n < 0) throw std::runtime_error("the trader's connection ended");
    if (n == 0) return;
    const std::int64_t now = steady_ns();
    input_.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(n));
    std::string_view rest = input_;
    if (!is_open_) rest = open(rest);
    while (is_open_) {
      const std::optional<std::string_view> text = next_text(rest);
      if (!text) break;
      take(*text, now);
    }
    input_.erase(0, input_.size() - rest.size());
  }

 private:
  // The answer to the upgrade; what is behind it.
  std::string_view open(std::string_view rest) {
    const std::size_t end = rest.find("\r\n\r\n");
    if (end == std::string_view::npos) return rest;
    if (!rest.starts_with("HTTP/1.1 101 ")) throw std::runtime_error("no WebSocket");
    is_open_ = true;
    const std::string expires = std::to_string(epoch_ms() + kLoginMs);
    std::vector<std::byte> frame;
    put_text(fmt::format(R"({{"op":"auth","args":["{}",{},"{}"]}})", key_, expires,
                         gateway::json::hmac_sha256(secret_, "GET/realtime" + expires)),
             frame);
    send_all(frame);
    return rest.substr(end + 4);
  }

  // The next text of the server's, taken off `rest`; none: it is not all there.
  static std::optional<std::string_view> next_text(std::string_view& rest) {
    for (;;) {
      if (rest.size() < 2) return std::nullopt;
      const auto byte = [&rest](std::size_t at) { return static_cast<unsigned char>(rest[at]); };
      std::size_t size = byte(1) & 0x7FU;
      std::size_t head = 2;
      if (size == 127) throw std::runtime_error("a frame that is too long");
      if (size == 126) {
        if (rest.size() < 4) return std::nullopt;
        size = std::size_t{byte(2)} << 8 | byte(3);
        head = 4;
      }
      if (rest.size() < head + size) return std::nullopt;
      const unsigned opcode = byte(0) & 0x0FU;
      const std::string_view text = rest.substr(head, size);
      rest.remove_prefix(head + size);
      if (opcode == 8) throw std::runtime_error("the server has closed the WebSocket");
      if (opcode == 1) return text;
    }
  }

  static std::string_view value_of(std::string_view text, std::string_view name) {
    const std::size_t at = text.find(name);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + name.size());
    return text.substr(0, text.find_first_of(",\"}"));
  }

  // A reply says that the gate has taken the order, or why it has not. What the venue makes of it comes over
  // another WebSocket, which nobody has opened.
  void take(std::string_view text, std::int64_t now) {
    const bool is_good = value_of(text, "\"retCode\":") == "0";
    if (!is_logged_in_) {
      if (!is_good) throw std::runtime_error(fmt::format("the login was refused: {}", text));
      is_logged_in_ = true;
      return;
    }
    const std::string_view digits = value_of(text, "\"reqId\":\"");
    std::uint32_t number = 0;
    std::from_chars(digits.begin(), digits.end(), number);
    if (!is_good) return course().refused(number, text);
    course().answered(number, now);
    course().done(number);
  }

  void put_order(std::uint32_t number, std::vector<std::byte>& out) override {
    const Terms terms = terms_of(number, world_);
    put_text(
        fmt::format(
            R"({{"op":"order.create","reqId":"{}","header":{{"X-BAPI-TIMESTAMP":"{}","X-BAPI-RECV-WINDOW":"{}"}},)"
            R"("args":[{{"category":"linear","symbol":"I{:03}","side":"{}","orderType":"Limit","qty":"1",)"
            R"("price":"{}.{:02}","timeInForce":"IOC","orderLinkId":"wire-{}"}}]}})",
            number, epoch_ms(), kLoginMs, terms.instrument, terms.is_buy ? "Buy" : "Sell",
            terms.price_cents / 100, terms.price_cents % 100, number),
        out);
  }

  const World world_;
  const std::string key_;
  const std::string secret_;
  std::string input_;
  bool is_open_ = false;
  bool is_logged_in_ = false;
};

}  // namespace

std::unique_ptr<Trader> json_trader(std::unique_ptr<Line> line, Course& course, const World& world,
                                    const std::string& key, const std::string& secret) {
  return std::make_unique<JsonTrader>(std::move(line), course, world, key, secret);
}

}  // namespace portcullis::bench::wire
