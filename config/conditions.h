// Addresses, ports and host names as rules and other entries name them. Each function reports what is wrong,
// and then returns nothing. Inside config/ only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/reader.h"
#include "dataplane/base/address.h"
#include "policy/rule.h"

namespace limpid::config {

/// Reads every element of a list with `read`, which reports what is wrong and then returns nothing.
template <typename T, typename Read>
void read_list(Section& section, std::string_view key, std::string_view of_what, std::vector<T>& into,
               const Read& read) {
  const auto value = section.take(key);
  const auto elements = value ? value->list(of_what, Value::ListForm::kListOrOne) : std::nullopt;
  if (!elements) return;
  into.reserve(elements->size());
  for (const Value& element : *elements) {
    if (auto made = read(element)) into.push_back(std::move(*made));
  }
}

/// An address or a prefix.
std::optional<IpPrefix> read_prefix(const Value& value);
/// "443" or "8000-9000".
std::optional<policy::NumberRange> read_range(const Value& value, std::string_view what, std::uint64_t most);
std::optional<policy::NumberRange> read_port_range(const Value& value);
/// A host pattern, in normal form.
std::optional<std::string> read_pattern(const Value& value);

}  // namespace limpid::config
