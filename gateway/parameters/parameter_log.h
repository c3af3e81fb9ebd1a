// The parameter log: canonical texts of configurations as files under their SHA-256, in the folder
// "parameters" of the journal's: parameters/<64 hexadecimal digits>.json. A file is never changed; a
// record of the journal that names a hash, and the regimes with it, names those parameters for ever, for
// the gate, a replay and whoever recomputes.
//
// Any thread, but one writer a folder at a time. Errors are texts; nothing throws.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "gateway/gate/parameters.h"

namespace portcullis::gateway::parameters {

[[nodiscard]] gate::ParameterHash hash_of(std::string_view text);

// The text is there for ever when this returns an empty text: synced, and its name too. Writing one that is
// there already does nothing but sync. On any failure the file is not there, or it is the whole file.
[[nodiscard]] std::string write_parameters(const std::filesystem::path& journal,
                                           std::string_view text);

// The text of that hash; the problem, or an empty one.
[[nodiscard]] std::string read_parameters(const std::filesystem::path& journal,
                                          const gate::ParameterHash& hash, std::string& text);

// What a record names. Checks the hash before it believes a byte.
[[nodiscard]] gate::LoadedParameters load_parameters(const std::filesystem::path& journal,
                                                     const gate::ParametersRecord& record);
// The log of a journal's folder, for gates that redo its records.
[[nodiscard]] gate::ParameterSource parameters_in(const std::filesystem::path& journal);

}  // namespace portcullis::gateway::parameters
