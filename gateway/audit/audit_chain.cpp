#include "gateway/audit/audit_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <unordered_map>

#include "config/json.h"
#include "feeds/table_log.h"

namespace portcullis::gateway::audit {

namespace {

constexpr std::string_view kBegins = R"({"sequence":)";
constexpr std::string_view kPrevious = R"(,"previous":")";
constexpr std::string_view kHash = R"(","hash":")";
constexpr std::string_view kEnds = R"("})";
constexpr std::size_t kDigits = kNoHash.size();
constexpr std::size_t kTail = kPrevious.size() + kDigits + kHash.size() + kDigits + kEnds.size();

std::string digest_of(std::string_view text) {
  return feeds::to_text(feeds::hash_of(std::as_bytes(std::span(text))));
}

bool is_digest(std::string_view text) {
  return text.size() == kDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Cuts `size` characters off the front.
std::string_view cut(std::string_view& text, std::size_t size) {
  const std::string_view front = text.substr(0, size);
  text.remove_prefix(size);
  return front;
}

}  // namespace

std::string chained(std::string_view content, std::string_view previous) {
  std::string line = fmt::format("{}{}{}\"", content, kPrevious, previous);
  const std::string hash = digest_of(line);
  line.pop_back();
  return fmt::format("{}{}{}{}", line, kHash, hash, kEnds);
}

std::string_view hash_in(std::string_view line) {
  return line.substr(line.size() - kEnds.size() - kDigits, kDigits);
}

std::string parse_line(std::string_view line, AuditLine& parts) {
  constexpr const char* kNoLine = "it is no line of an audit log";
  if (!line.starts_with(kBegins) || line.size() < kBegins.size() + kTail) return kNoLine;
  std::string_view tail = line.substr(line.size() - kTail);
  AuditLine read{.content = line.substr(0, line.size() - kTail), .previous = {}, .hash = {}};
  if (cut(tail, kPrevious.size()) != kPrevious) return kNoLine;
  read.previous = cut(tail, kDigits);
  if (cut(tail, kHash.size()) != kHash) return kNoLine;
  read.hash = cut(tail, kDigits);
  if (tail != kEnds || !is_digest(read.previous) || !is_digest(read.hash)) return kNoLine;
  const std::string_view number = read.content.substr(kBegins.size());
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), read.sequence);
  if (error != std::errc() || end == number.data() + number.size() || *end != ',') return kNoLine;
  parts = read;
  if (digest_of(line.substr(0, line.size() - kHash.size() - kDigits - kEnds.size() + 1)) !=
      read.hash)
    return "it was altered: its content has another hash than it says";
  return {};
}

std::string member_text(std::string_view line, std::string_view name) {
  const config::JsonResult read = config::parse_json(line);
  const config::Json* const member = read.error.empty() ? read.json.find(name) : nullptr;
  if (member == nullptr || member->kind == config::Json::Kind::Null) return {};
  return member->kind == config::Json::Kind::Text ? member->text : config::to_text(*member);
}

CheckedChain check_chain(std::string_view text) {
  CheckedChain chain;
  std::unordered_map<std::string_view, std::size_t> line_of;  // by hash, from 1
  const auto problem = [&](std::size_t line, std::string what) {
    chain.problems.push_back({line, std::move(what)});
  };
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    chain.lines.push_back(cut(text, end));
    text.remove_prefix(1);
  }
  const std::size_t count = chain.lines.size();
  chain.parts.resize(count);
  chain.lost.resize(count, false);
  std::vector<std::string> wrong(count);
  for (std::size_t n = 0; n < count; ++n) {
    wrong[n] = parse_line(chain.lines[n], chain.parts[n]);
    if (!chain.parts[n].hash.empty()) line_of.emplace(chain.parts[n].hash, n + 1);
  }
  std::uint64_t sequence = 0;
  for (std::size_t n = 0; n < count; ++n) {
    const AuditLine& parts = chain.parts[n];
    if (!wrong[n].empty()) problem(n + 1, wrong[n]);
    if (parts.content.empty()) continue;  // nothing more is known of it
    const std::string_view before = n == 0 ? kNoHash : chain.parts[n - 1].hash;
    if (parts.previous != before) {
      const auto named = line_of.find(parts.previous);
      problem(n + 1, n == 0 && parts.previous != kNoHash && named == line_of.end()
                         ? "the lines before it are missing"
                     : parts.previous == kNoHash
                         ? "it is a log's first line, and stands behind another: lines were "
                           "reordered or inserted"
                     : named != line_of.end()
                         ? fmt::format("it belongs behind line {}: lines were reordered, inserted "
                                       "or doubled",
                                       named->second)
                         : "the line before it is missing, or is another one");
    }
    if (wrong[n].empty() && member_text(chain.lines[n], "verb") == "lost") {
      // The journal goes on with the next number again.
      for (std::size_t m = 0; m < n; ++m)
        if (chain.parts[m].sequence > parts.sequence) chain.lost[m] = true;
    } else if (n > 0 && parts.sequence <= sequence) {
      problem(n + 1, fmt::format("its record {} is not behind record {} of the lines before it",
                                 parts.sequence, sequence));
    }
    sequence = parts.sequence;
  }
  if (count > 0 && wrong[0].empty() && member_text(chain.lines[0], "verb") != "begin")
    problem(1, "the lines before it are missing: a log begins with the verb begin");
  if (!text.empty()) problem(count + 1, "it is cut off: it has no end");
  return chain;
}

}  // namespace portcullis::gateway::audit
