#include "config/files.h"

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace limpid::config {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPemLookedAtMax = std::size_t{4} << 20U;
constexpr std::size_t kSocketPathMax = sizeof(sockaddr_un{}.sun_path) - 1;

std::string begin_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string begin(kPemLookedAtMax, '\0');
  file.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  begin.resize(static_cast<std::size_t>(file.gcount()));
  return begin;
}

/// "-----BEGIN CERTIFICATE-----", "-----BEGIN EC PRIVATE KEY-----"; the same line must hold all of it.
bool has_block(std::string_view pem, std::string_view block) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  const std::string end = std::string(block) + "-----";
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at + 1)) {
    std::string_view line = pem.substr(at + kBegin.size());
    line = line.substr(0, line.find_first_of("\r\n"));
    if (line.ends_with(end)) return true;
  }
  return false;
}

/// For the user that limpid runs as; what is not there yet is made in its folder.
bool writable(const fs::path& path, const fs::path& folder) {
  std::error_code error;
  const fs::path& asked = fs::exists(path, error) ? path : folder;
  return ::faccessat(AT_FDCWD, asked.empty() ? "." : asked.c_str(), W_OK, AT_EACCESS) == 0;
}

}  // namespace

std::string Files::resolved(std::string_view path) const {
  return (fs::path(folder_) / fs::path(path)).lexically_normal().string();
}

bool Files::check_readable(const Value& value, const std::string& path, const std::string& is_a) const {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    value.error("there is no file " + in_quotes(path));
    return false;
  }
  if (fs::is_directory(status)) {
    value.error(in_quotes(path) + " is a folder", is_a);
    return false;
  }
  if (!std::ifstream(path)) {
    value.error(in_quotes(path) + " cannot be read", "a file that this user may read");
    return false;
  }
  return true;
}

bool Files::check_pem(const Value& value, const std::string& path, std::string_view block) const {
  if (!check_readable(value, path, "a PEM file")) return false;
  if (!has_block(begin_of(path), block)) {
    value.error(in_quotes(path) + " is not what is needed here",
                "a PEM file with a block \"-----BEGIN … " + std::string(block) + "-----\"");
    return false;
  }
  return true;
}

std::optional<std::string> Files::pem(const Value& value, std::string_view block) const {
  const std::optional<std::string> given = value.text("the path of a PEM file");
  if (!given) return std::nullopt;
  std::string path = resolved(*given);
  if (look_ && !check_pem(value, path, block)) return std::nullopt;
  return path;
}

std::optional<std::string> Files::input(const Value& value, std::string_view what) const {
  const std::optional<std::string> given = value.text("the path of " + std::string(what));
  if (!given) return std::nullopt;
  std::string path = resolved(*given);
  if (look_ && !check_readable(value, path, std::string(what))) return std::nullopt;
  return path;
}

std::optional<std::string> Files::trust(const Value& value) const {
  const std::optional<std::string> given = value.text("the path of a PEM file or of a folder");
  if (!given) return std::nullopt;
  std::string path = resolved(*given);
  std::error_code error;
  if (look_ && !fs::is_directory(path, error) && !check_pem(value, path, "CERTIFICATE")) return std::nullopt;
  return path;
}

std::optional<std::string> Files::folder(const Value& value) const {
  const auto given = value.text("a folder");
  if (!given) return std::nullopt;
  const std::string path = resolved(*given);
  std::error_code error;
  if (look_ && !fs::is_directory(path, error)) {
    value.error("there is no folder " + in_quotes(path));
    return std::nullopt;
  }
  return path;
}

bool Files::check_default_trust(const Value& value, const std::string& path) const {
  std::error_code error;
  if (!look_ || fs::exists(path, error)) return true;
  value.error("there is no file " + in_quotes(path) + ", the default of tls.trust",
              "tls.trust: the certificates of trusted authorities",
              "Debian has it in the package ca-certificates");
  return false;
}

std::optional<std::string> Files::output(const Value& value, std::string_view what) const {
  const std::optional<std::string> given = value.text("the path of " + std::string(what));
  if (!given) return std::nullopt;
  std::string path = resolved(*given);
  if (!look_) return path;
  std::error_code error;
  const fs::path folder = fs::path(path).parent_path();
  if (fs::is_directory(path, error)) {
    value.error(in_quotes(path) + " is a folder", "the path of " + std::string(what));
    return std::nullopt;
  }
  if (!folder.empty() && !fs::is_directory(folder, error)) {
    value.error("there is no folder " + in_quotes(folder.string()),
                "an existing folder for " + std::string(what));
    return std::nullopt;
  }
  if (!writable(path, folder)) {
    value.error(in_quotes(path) + " cannot be written", "a path that this user may write");
    return std::nullopt;
  }
  return path;
}

std::optional<std::string> Files::socket(const Value& value) const {
  std::optional<std::string> path = output(value, "a socket");
  if (path && path->size() > kSocketPathMax) {
    value.error(in_quotes(*path) + " is too long for a socket",
                "at most " + std::to_string(kSocketPathMax) + " characters");
    return std::nullopt;
  }
  return path;
}

}  // namespace limpid::config
