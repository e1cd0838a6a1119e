// ConfigError: one thing that is wrong with a configuration file, where it stands, and what would be right.
// Values; rendered for people and for machines.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace limpid::config {

enum class Severity : std::uint8_t { kError, kWarning };

struct ConfigError {
  Severity severity = Severity::kError;
  std::string file;
  std::uint32_t line = 0;    // from 1; 0: the file as a whole
  std::uint32_t column = 0;  // from 1
  std::string path;          // "policy.rules[2].then"; empty: none
  std::string what;          // "\"decript\" is not a decision"
  std::string expected;      // "one of: decrypt, pass, block"; empty: nothing to say
  std::string hint;          // "did you mean \"decrypt\"?"; empty: none

  friend bool operator==(const ConfigError&, const ConfigError&) = default;
};

/// limpid.yaml:14:9: policy.rules[2].then: "decript" is not a decision
///     expected one of: decrypt, pass, block        did you mean "decrypt"?
/// For people; each ends with a line break. Warnings say so after the position.
std::string text(const ConfigError& error);
std::string text(const std::vector<ConfigError>& errors);
/// A JSON array of objects.
std::string json(const std::vector<ConfigError>& errors);

}  // namespace limpid::config
