// Reads a configuration file: every error of it at once, each with its position, what was expected, and a
// hint. Any bytes are safe to read: size, depth and number of values are bounded, anchors and aliases are
// refused, and exceptions of the YAML library end in this folder. Control thread, at start.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_error.h"
#include "config/configuration.h"
#include "dataplane/base/result.h"

namespace limpid::config {

inline constexpr std::size_t kFileBytesMax = std::size_t{64} << 20U;
inline constexpr std::size_t kErrorsMax = 100;  // then "and more"

/// What whoever knows certificates finds in the files that a configuration names. `path` says where
/// ("tls.trust"), the place in the file is filled in here. `sound`: nothing else is wrong with the
/// configuration; otherwise a path that is empty stands for one that has been reported already.
using LookInto = std::function<std::vector<ConfigError>(const Configuration& read, bool sound)>;

struct LoadOptions {
  /// Look whether the files that the configuration names are there. Off: nothing but the text is judged.
  bool check_files = true;
  LookInto look_into{};  // none: files are not read
};

/// The error list holds at least one error; warnings may be among them. In the order of the file.
Result<Configuration, std::vector<ConfigError>> load(const std::string& path,
                                                     const LoadOptions& options = {});
/// The same from memory; `file_name` is what errors call it, and its folder is what paths are relative to.
Result<Configuration, std::vector<ConfigError>> load_text(std::string_view text, const std::string& file_name,
                                                          const LoadOptions& options = {});

}  // namespace limpid::config
