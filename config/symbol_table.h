// Names <-> dense indexes. An index is handed out once, in the order of the names in the files.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::config {

template <class Index>
class SymbolTable {
 public:
  // The name's new index; none when there is such a name already.
  Index add(std::string_view name) {
    const Index next{static_cast<std::uint32_t>(names_.size())};
    if (!indexes_.emplace(name, next.value).second) return {};
    names_.emplace_back(name);
    return next;
  }
  // None when there is no such name.
  [[nodiscard]] Index find(std::string_view name) const {
    const auto found = indexes_.find(name);
    return found == indexes_.end() ? Index{} : Index{found->second};
  }
  // REQUIRES: the index was handed out here.
  [[nodiscard]] const std::string& name(Index index) const { return names_[index.value]; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(names_.size()); }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t, std::less<>> indexes_;
};

}  // namespace portcullis::config
