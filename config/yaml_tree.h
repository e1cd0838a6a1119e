// A YAML file as a tree of plain values, each with its place. The only header beside its source that knows
// what YAML is; yaml-cpp itself is seen by yaml_tree.cc alone, and its exceptions end there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace limpid::config {

inline constexpr std::size_t kYamlDepthMax = 32;
inline constexpr std::size_t kYamlNodesMax = 4'000'000;

/// From 1, as editors count.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  friend bool operator==(const Place&, const Place&) = default;
};

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  Place place;
  std::string text{};                // of a scalar
  std::vector<YamlNode> children{};  // of a list its elements; of a map key, value, key, value, …
};

struct YamlError {
  Place place;
  std::string what;
  std::string hint;
};

/// Exactly one document; empty text is a null node. Anchors, aliases and tags are refused: a configuration
/// means what it shows, and no text may stand for a thousand times its size.
Result<YamlNode, YamlError> parse_yaml(std::string_view text);

}  // namespace limpid::config
