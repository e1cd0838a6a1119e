#include "config/load.h"

#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "config/sections.h"
#include "config/units.h"
#include "config/yaml_tree.h"

namespace limpid::config {

namespace {

using Loaded = Result<Configuration, std::vector<ConfigError>>;

Failure<std::vector<ConfigError>> failure(const std::string& file, Place place, std::string what,
                                          std::string hint = "") {
  ConfigError error;
  error.file = file;
  error.line = place.line;
  error.column = place.column;
  error.what = std::move(what);
  error.hint = std::move(hint);
  return Failure<std::vector<ConfigError>>{{std::move(error)}};
}

/// Defaults that are paths are relative to the configuration as well.
void resolve_defaults(Configuration& made, const Files& files) {
  made.dataplane.ledger = files.resolved(made.dataplane.ledger);
  made.inventory.database = files.resolved(made.inventory.database);
  made.tls.learning.file = files.resolved(made.tls.learning.file);
  made.control.socket = files.resolved(made.control.socket);
}

void read(const YamlNode& tree, const Files& files, Configuration& made, Findings& findings) {
  auto root = Section::open(Value(tree, "", findings));
  if (!root) return;
  Reading reading{made, files};
  read_dataplane(*root, reading);
  read_segments(*root, reading);
  read_tools(*root, reading);
  read_policy(*root, reading);
  read_tls(*root, reading);
  read_inventory(*root, reading);
  read_control(*root, reading);
  read_logging(*root, reading);
  root->finish();
}

/// `step`: "tls", ".trust" or "[3]"; null where there is none.
const YamlNode* child_of(const YamlNode& node, std::string_view step) {
  if (step.front() == '[') {
    const std::optional<std::uint64_t> index = parse_number(step.substr(1, step.size() - 2));
    const bool there = node.kind == YamlNode::Kind::kList && index && *index < node.children.size();
    return there ? &node.children[*index] : nullptr;
  }
  if (step.front() == '.') step.remove_prefix(1);
  for (std::size_t i = 0; node.kind == YamlNode::Kind::kMap && i + 1 < node.children.size(); i += 2) {
    if (node.children[i].text == step) return &node.children[i + 1];
  }
  return nullptr;
}

/// Where "tools[0].mirror.pcapng" stands in the file; of what stands in none, the last that does.
Place place_of(const YamlNode& root, std::string_view path) {
  const YamlNode* node = &root;
  while (!path.empty()) {
    const std::string_view step = path.substr(0, path.find_first_of(".[", 1));
    path.remove_prefix(step.size());
    const YamlNode* next = child_of(*node, step);
    if (next == nullptr) break;
    node = next;
  }
  return node->place;
}

void look_into_files(const LookInto& look_into, const YamlNode& tree, const Configuration& made,
                     Findings& findings) {
  if (!look_into) return;
  for (ConfigError& found : look_into(made, !findings.any_error())) {
    const Place place = place_of(tree, found.path);
    found.line = place.line;
    found.column = place.column;
    findings.add(std::move(found));
  }
}

Loaded load_from(std::string_view text, const std::string& file_name, const std::string& folder,
                 const LoadOptions& options) {
  if (text.size() > kFileBytesMax) return failure(file_name, {}, "the file is larger than 64 MiB");
  const Result<YamlNode, YamlError> tree = parse_yaml(text);
  if (!tree) return failure(file_name, tree.error().place, tree.error().what, tree.error().hint);
  if (tree->kind == YamlNode::Kind::kNull) return failure(file_name, {}, "the file is empty");

  Findings findings(file_name, kErrorsMax);
  const Files files(folder, options.check_files);
  Configuration made;
  resolve_defaults(made, files);
  read(*tree, files, made, findings);
  look_into_files(options.look_into, *tree, made, findings);
  const bool failed = findings.any_error();
  std::vector<ConfigError> found = findings.take();
  if (failed) return Failure{std::move(found)};
  made.warnings = std::move(found);
  return made;
}

/// The last guard: what the functions above may throw is lack of memory and of file system.
template <typename Work>
Loaded guarded(const std::string& file_name, const Work& work) {
  try {
    return work();
  } catch (const std::exception& exception) {
    return failure(file_name, {}, std::string("the file cannot be read: ") + exception.what());
  }
}

}  // namespace

Loaded load_text(std::string_view text, const std::string& file_name, const LoadOptions& options) {
  return guarded(file_name, [&] {
    return load_from(text, file_name, std::filesystem::path(file_name).parent_path().string(), options);
  });
}

Loaded load(const std::string& path, const LoadOptions& options) {
  return guarded(path, [&]() -> Loaded {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) return failure(path, {}, "this is a folder");
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      return failure(path, {}, "the file cannot be opened: " + std::generic_category().message(errno));
    }
    // One byte more than allowed tells a file that is too long.
    std::string text;
    const std::uintmax_t size = std::filesystem::file_size(path, ignored);
    text.resize(ignored ? kFileBytesMax + 1
                        : static_cast<std::size_t>(std::min<std::uintmax_t>(size, kFileBytesMax + 1)));
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return load_from(text, path, std::filesystem::absolute(path).parent_path().string(), options);
  });
}

}  // namespace limpid::config
