// The names of a link, looked up on the order path: symbols and firms of each client session, and
// of the venue. Built once; maps of the texts read as integers.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "config/deployment.h"
#include "risk/index_map.h"
#include "risk/types.h"

namespace portcullis::gateway::gate {

class Aliases {
 public:
  explicit Aliases(const config::Deployment& deployment)
      : deployment_(deployment),
        venue_symbols_(size_of(deployment.instruments)),
        firms_(size_of(deployment.accounts)) {
    for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
      add(venue_symbols_, deployment.instruments[i].venue.symbol, i);
    }
    for (std::uint32_t a = 0; a < deployment.accounts.size(); ++a) {
      add(firms_, deployment.accounts[a].firm, a);
    }
    for (const config::SessionSettings& settings : deployment.sessions) {
      Session& session = sessions_.emplace_back(risk::IndexMap(size_of(settings.aliases)));
      session.by_instrument.assign(deployment.instruments.size(), nullptr);
      for (std::uint32_t a = 0; a < settings.aliases.size(); ++a) {
        add(session.symbols, settings.aliases[a].symbol, a);
        session.by_instrument[settings.aliases[a].instrument.value] = &settings.aliases[a];
      }
    }
  }

  // A session's alias of a symbol, or null.
  [[nodiscard]] const config::Alias* find(risk::SessionIndex session,
                                          const config::WireSymbol& symbol) const {
    const std::uint32_t at = sessions_[session.value].symbols.find(key(symbol));
    return at == risk::kNone32 ? nullptr : &deployment_.sessions[session.value].aliases[at];
  }
  // How a session counts an instrument; the venue's way where the session has no name for it.
  [[nodiscard]] const config::Alias& of(risk::SessionIndex session,
                                        risk::InstrumentIndex instrument) const {
    const config::Alias* alias = sessions_[session.value].by_instrument[instrument.value];
    return alias != nullptr ? *alias : venue(instrument);
  }
  [[nodiscard]] const config::Alias& venue(risk::InstrumentIndex instrument) const {
    return deployment_.instruments[instrument.value].venue;
  }
  [[nodiscard]] risk::InstrumentIndex venue_instrument(const config::WireSymbol& symbol) const {
    return {venue_symbols_.find(key(symbol))};
  }
  [[nodiscard]] risk::AccountIndex account(const config::WireFirm& firm) const {
    return {firms_.find(key(firm))};
  }

 private:
  static_assert(risk::IndexMap::kNotFound == risk::kNone32);
  struct Session {
    risk::IndexMap symbols;
    std::vector<const config::Alias*> by_instrument{};
  };
  template <class T>
  static std::uint32_t size_of(const std::vector<T>& values) {
    return static_cast<std::uint32_t>(values.size());
  }
  // Of the same text twice the first is meant.
  template <class Text>
  static void add(risk::IndexMap& map, const Text& text, std::uint32_t index) {
    if (map.find(key(text)) == risk::IndexMap::kNotFound) map.insert(key(text), index);
  }
  template <std::size_t N>
  static std::uint64_t key(const std::array<char, N>& text) {
    std::uint64_t value = 0;
    for (const char c : text) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }

  const config::Deployment& deployment_;
  risk::IndexMap venue_symbols_;
  risk::IndexMap firms_;
  std::vector<Session> sessions_;
};

// The ClOrdID we give the venue: session index and client number in base 36, so that an order found
// there after a crash of this side finds its client again.
struct OwnClOrdId {
  static constexpr std::size_t kSessionDigits = 3;
  static constexpr std::size_t kRefDigits = 7;

  static std::array<char, 14> encode(risk::SessionIndex session, std::uint32_t client_ref) {
    std::array<char, 14> text;
    text.fill(' ');
    write(session.value, text.data(), kSessionDigits);
    write(client_ref, text.data() + kSessionDigits, kRefDigits);
    return text;
  }
  // False: not one of ours.
  static bool decode(const std::array<char, 14>& text, std::uint32_t& session,
                     std::uint32_t& client_ref) {
    return read(text.data(), kSessionDigits, session) &&
           read(text.data() + kSessionDigits, kRefDigits, client_ref);
  }

 private:
  static void write(std::uint64_t value, char* text, std::size_t digits) {
    for (std::size_t i = digits; i-- > 0; value /= 36)
      text[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % 36];
  }
  static bool read(const char* text, std::size_t digits, std::uint32_t& value) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char c = text[i];
      if (c >= '0' && c <= '9') {
        sum = sum * 36 + static_cast<std::uint64_t>(c - '0');
      } else if (c >= 'A' && c <= 'Z') {
        sum = sum * 36 + static_cast<std::uint64_t>(c - 'A' + 10);
      } else {
        return false;
      }
    }
    value = static_cast<std::uint32_t>(sum);
    return sum < risk::kNone32;
  }
};

}  // namespace portcullis::gateway::gate
