#include "gateway/parameters/parameter_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "config/load.h"
#include "gateway/journal/files.h"

namespace portcullis::gateway::parameters {

namespace {

std::filesystem::path folder_of(const std::filesystem::path& journal) {
  return journal / "parameters";
}
std::filesystem::path path_of(const std::filesystem::path& journal,
                              const gate::ParameterHash& hash) {
  return folder_of(journal) / (feeds::to_text(hash) + ".json");
}

std::string failed(std::string_view what, const std::filesystem::path& path) {
  return fmt::format("{}: {}: {}", path.string(), what, journal::error_text(errno));
}

bool sync_folder(const std::filesystem::path& path) {
  const journal::Fd fd = journal::open_file(path, O_RDONLY | O_DIRECTORY);
  return fd && ::fsync(fd.get()) == 0;
}

}  // namespace

gate::ParameterHash hash_of(std::string_view text) {
  return feeds::hash_of(std::as_bytes(std::span(text.data(), text.size())));
}

std::string write_parameters(const std::filesystem::path& journal, std::string_view text) {
  const std::filesystem::path folder = folder_of(journal);
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    return failed("making the folder", folder);
  if (!sync_folder(journal)) return failed("syncing the folder", journal);
  const gate::ParameterHash hash = hash_of(text);
  const std::filesystem::path path = path_of(journal, hash);
  if (std::string there; read_parameters(journal, hash, there).empty()) {
    // Whoever wrote it may have ended before it was durable.
    const journal::Fd fd = journal::open_file(path, O_RDONLY);
    if (!fd || ::fsync(fd.get()) != 0) return failed("syncing the parameters", path);
    return sync_folder(folder) ? "" : failed("syncing the folder", folder);
  }
  const std::filesystem::path fresh = path.string() + ".new";
  {
    const journal::Fd fd(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!fd) return failed("making the file of the parameters", fresh);
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    if (!journal::write_at(journal::kSystemFileOps, fd.get(), bytes, 0))
      return failed("writing the parameters", fresh);
    if (::fsync(fd.get()) != 0) return failed("syncing the parameters", fresh);
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed("renaming the parameters", fresh);
  return sync_folder(folder) ? "" : failed("syncing the folder", folder);
}

std::string read_parameters(const std::filesystem::path& journal, const gate::ParameterHash& hash,
                            std::string& text) {
  const std::filesystem::path path = path_of(journal, hash);
  const journal::Fd fd = journal::open_file(path, O_RDONLY);
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return failed("opening the parameters", path);
  text.resize(static_cast<std::size_t>(status.st_size));
  const auto bytes = std::as_writable_bytes(std::span(text.data(), text.size()));
  if (journal::read_at(fd.get(), bytes, 0) != status.st_size)
    return failed("reading the parameters", path);
  if (hash_of(text) != hash)
    return fmt::format("{}: damaged: its content has another hash than its name", path.string());
  return "";
}

gate::LoadedParameters load_parameters(const std::filesystem::path& journal,
                                       const gate::ParametersRecord& record) {
  std::string text;
  if (std::string problem = read_parameters(journal, record.hash, text); !problem.empty())
    return {.rules = nullptr, .problem = std::move(problem)};
  config::LoadResult loaded = config::with_regimes(text, journal, record.regimes);
  if (!loaded.ok()) {
    return {.rules = nullptr,
            .problem = fmt::format("{}: {}", path_of(journal, record.hash).string(),
                                   config::to_text(loaded.problems.front()))};
  }
  loaded.deployment.parameters.version = record.version;
  return {.rules = std::make_unique<risk::NewRules>(loaded.deployment.parameters), .problem = {}};
}

gate::ParameterSource parameters_in(const std::filesystem::path& journal) {
  return
      [journal](const gate::ParametersRecord& record) { return load_parameters(journal, record); };
}

}  // namespace portcullis::gateway::parameters
