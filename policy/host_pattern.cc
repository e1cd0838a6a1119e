#include "policy/host_pattern.h"

#include <algorithm>
#include <array>

#include "dataplane/base/ascii.h"

namespace limpid::policy {

namespace {

constexpr std::size_t kLabelBytesMax = 63;  // RFC 1035 §2.3.4

// RFC 952 letters, digits and hyphen, and the underscore that is seen in practice.
bool host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string_view without_trailing_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

/// What is wrong with one label of a pattern; empty: nothing.
std::string label_error(std::string_view label) {
  if (label.empty()) return "it has an empty label (two dots, or a dot at the beginning)";
  if (label.size() > kLabelBytesMax) return "it has a label of more than 63 characters";
  for (const char c : label) {
    if (static_cast<unsigned char>(c) >= 0x80U) {
      return "an internationalised name must be written as clients send it, in its \"xn--\" form";
    }
    if (c == '*') return "\"*\" may stand only for whole labels at the beginning, as in *.bank.example";
    if (!host_character(c)) return std::string("the character '") + c + "' is not one of a host name";
  }
  return "";
}

}  // namespace

Result<std::string, std::string> normalize_pattern(std::string_view text) {
  std::string pattern(without_trailing_dot(text));
  std::transform(pattern.begin(), pattern.end(), pattern.begin(), small_letter);
  if (pattern == "*") return pattern;
  std::string_view rest = pattern;
  if (rest.starts_with("*.")) rest.remove_prefix(2);
  if (rest.empty()) return Failure<std::string>{"it is empty"};
  if (rest.size() > kHostBytesMax) return Failure<std::string>{"it is longer than 253 characters"};
  for (;;) {
    const std::size_t dot = rest.find('.');
    std::string error = label_error(rest.substr(0, dot));
    if (!error.empty()) return Failure<std::string>{std::move(error)};
    if (dot == std::string_view::npos) return pattern;
    rest.remove_prefix(dot + 1);
  }
}

std::optional<std::string_view> normalize_host(std::string_view host, char* into) {
  host = without_trailing_dot(host);
  if (host.empty() || host.size() > kHostBytesMax) return std::nullopt;
  char previous = '.';
  for (std::size_t i = 0; i < host.size(); ++i) {
    if (host[i] == '.' && previous == '.') return std::nullopt;
    previous = host[i];
    into[i] = small_letter(host[i]);
  }
  if (previous == '.') return std::nullopt;
  return std::string_view(into, host.size());
}

bool any_matches(const std::vector<std::string>& patterns, std::string_view sent) {
  std::array<char, kHostBytesMax> buffer{};
  const auto host = normalize_host(sent, buffer.data());
  return host && std::any_of(patterns.begin(), patterns.end(),
                             [&](const std::string& each) { return matches(each, *host); });
}

bool includes(std::string_view wide, std::string_view narrow) {
  if (wide == "*" || wide == narrow) return true;
  return narrow.starts_with("*.") ? wide.starts_with("*.") && narrow.substr(1).ends_with(wide.substr(1))
                                  : matches(wide, narrow);
}

bool matches(std::string_view pattern, std::string_view host) {
  if (pattern == "*") return !host.empty();
  if (!pattern.starts_with("*.")) return pattern == host;
  const std::string_view suffix = pattern.substr(1);
  return host.size() > suffix.size() && host.ends_with(suffix);
}

}  // namespace limpid::policy
