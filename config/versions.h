// "versions": of tls, and of a rule. Inside config/ only.
#pragma once

#include <cstdint>
#include <string>

#include "config/reader.h"
#include "policy/versions.h"

namespace limpid::config {

/// What a section of versions changes.
policy::VersionChanges read_versions(const Value& value);
/// Reports, at `value`, a minimum that is above its maximum. `whose` goes before it.
void check_versions(const Value& value, const policy::VersionPolicy& made, const std::string& whose);

/// As YAML, in one line.
std::string versions_text(const policy::VersionPolicy& versions);
std::string versions_text(const policy::VersionChanges& versions);

}  // namespace limpid::config
