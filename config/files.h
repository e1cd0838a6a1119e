// Files that the configuration names: resolved against its folder, and looked at where that is wanted, so
// that a wrong path is found before the appliance starts. Inside config/ only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/reader.h"

namespace limpid::config {

class Files {
 public:
  /// `folder`: of the configuration file.
  Files(std::string folder, bool look) : folder_(std::move(folder)), look_(look) {}

  std::string resolved(std::string_view path) const;

  /// A PEM file with a block of this kind ("CERTIFICATE"; "PRIVATE KEY" with whatever before it).
  std::optional<std::string> pem(const Value& value, std::string_view block) const;
  /// A file that is read as it is.
  std::optional<std::string> input(const Value& value, std::string_view what) const;
  /// A PEM file with certificates, or a folder.
  std::optional<std::string> trust(const Value& value) const;
  /// A folder that is there.
  std::optional<std::string> folder(const Value& value) const;
  /// The default of `trust`, which stands in no file: reported at `value` if it is not there. True: there.
  bool check_default_trust(const Value& value, const std::string& path) const;
  /// A file that limpid makes or goes on with: its folder must be there, and it may be written.
  std::optional<std::string> output(const Value& value, std::string_view what) const;
  /// The same for a Unix socket, whose path has a limit.
  std::optional<std::string> socket(const Value& value) const;

 private:
  /// `is_a` completes "…: expected".
  bool check_readable(const Value& value, const std::string& path, const std::string& is_a) const;
  bool check_pem(const Value& value, const std::string& path, std::string_view block) const;

  std::string folder_;
  bool look_;
};

}  // namespace limpid::config
