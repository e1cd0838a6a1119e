#include "policy/host_pattern.h"

namespace limpid::policy {

namespace {

constexpr std::size_t kHostMax = 253;  // RFC 1035 §2.3.4, in text form

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool host_character(char c) {
  // Letters, digits and hyphen of RFC 952, and the underscore that is seen in practice.
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > kHostMax || host.front() == '.' || host.back() == '.') return false;
  if (host.find("..") != std::string_view::npos) return false;
  for (const char c : host) {
    if (!host_character(c)) return false;
  }
  return true;
}

}  // namespace

std::string normal_host(std::string_view name) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  std::string host;
  host.reserve(name.size());
  for (const char c : name) host += host_character(lower(c)) ? lower(c) : '?';
  return host;
}

std::optional<std::string> normal_host_pattern(std::string_view text) {
  if (text == "*") return "*";
  const bool wild = text.starts_with("*.");
  const std::string_view rest = wild ? text.substr(2) : text;
  const std::string host = normal_host(rest);
  if (!is_host(host)) return std::nullopt;
  return wild ? "*." + host : host;
}

bool matches(std::string_view pattern, std::string_view host) {
  if (pattern == "*") return !host.empty();
  if (!pattern.starts_with("*.")) return pattern == host;
  const std::string_view suffix = pattern.substr(1);
  return host.size() > suffix.size() && host.ends_with(suffix);
}

}  // namespace limpid::policy
