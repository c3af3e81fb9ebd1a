// The names of a link, looked up on the order path: symbols and firms of each client session, and
// of the venue. Built once; sorted arrays of the texts read as integers.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "config/deployment.h"
#include "risk/types.h"

namespace portcullis::gateway::gate {

class Aliases {
 public:
  explicit Aliases(const config::Deployment& deployment) : deployment_(deployment) {
    for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
      venue_symbols_.emplace_back(key(deployment.instruments[i].venue.symbol), i);
    }
    for (std::uint32_t a = 0; a < deployment.accounts.size(); ++a) {
      firms_.emplace_back(key(deployment.accounts[a].firm), a);
    }
    std::sort(venue_symbols_.begin(), venue_symbols_.end());
    std::sort(firms_.begin(), firms_.end());
    sessions_.resize(deployment.sessions.size());
    for (std::uint32_t s = 0; s < deployment.sessions.size(); ++s) {
      const std::vector<config::Alias>& aliases = deployment.sessions[s].aliases;
      sessions_[s].by_instrument.assign(deployment.instruments.size(), nullptr);
      for (std::uint32_t a = 0; a < aliases.size(); ++a) {
        sessions_[s].symbols.emplace_back(key(aliases[a].symbol), a);
        sessions_[s].by_instrument[aliases[a].instrument.value] = &aliases[a];
      }
      std::sort(sessions_[s].symbols.begin(), sessions_[s].symbols.end());
    }
  }

  // A session's alias of a symbol, or null.
  [[nodiscard]] const config::Alias* find(risk::SessionIndex session,
                                          const config::WireSymbol& symbol) const {
    const std::uint32_t at = find(sessions_[session.value].symbols, key(symbol));
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
    return {find(venue_symbols_, key(symbol))};
  }
  [[nodiscard]] risk::AccountIndex account(const config::WireFirm& firm) const {
    return {find(firms_, key(firm))};
  }

 private:
  using Keys = std::vector<std::pair<std::uint64_t, std::uint32_t>>;
  struct Session {
    Keys symbols;
    std::vector<const config::Alias*> by_instrument;
  };
  template <std::size_t N>
  static std::uint64_t key(const std::array<char, N>& text) {
    std::uint64_t value = 0;
    for (const char c : text) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  static std::uint32_t find(const Keys& keys, std::uint64_t key) {
    const auto at = std::lower_bound(keys.begin(), keys.end(), std::pair{key, std::uint32_t{0}});
    return at == keys.end() || at->first != key ? risk::kNone32 : at->second;
  }

  const config::Deployment& deployment_;
  Keys venue_symbols_;
  Keys firms_;
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
