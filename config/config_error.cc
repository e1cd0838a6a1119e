#include "config/config_error.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace limpid::config {

namespace {

/// What stands in a file may stand in a message: nothing of it may move the cursor.
std::string printable(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20U && byte != 0x7fU) {
      out += c;
    } else {
      out += std::string("\\x") + kHex[byte >> 4U] + kHex[byte & 15U];
    }
  }
  return out;
}

std::string_view name(Severity severity) { return severity == Severity::kError ? "error" : "warning"; }

}  // namespace

std::string text(const ConfigError& error) {
  std::string out = error.file;
  if (error.line != 0) out += ":" + std::to_string(error.line) + ":" + std::to_string(error.column);
  out += ": ";
  if (error.severity == Severity::kWarning) out += "warning: ";
  if (!error.path.empty()) out += error.path + ": ";
  out += error.what;
  std::string more;
  if (!error.expected.empty()) more = "expected " + error.expected;
  if (!error.hint.empty()) more += (more.empty() ? "" : "        ") + error.hint;
  if (!more.empty()) more = "    " + printable(more) + "\n";
  return printable(out) + "\n" + more;
}

std::string text(const std::vector<ConfigError>& errors) {
  std::string out;
  for (const ConfigError& error : errors) out += text(error);
  return out;
}

std::string json(const std::vector<ConfigError>& errors) {
  using nlohmann::json;
  json list = json::array();
  for (const ConfigError& error : errors) {
    list.push_back({{"severity", name(error.severity)},
                    {"file", error.file},
                    {"line", error.line},
                    {"column", error.column},
                    {"path", error.path},
                    {"what", error.what},
                    {"expected", error.expected},
                    {"hint", error.hint}});
  }
  return list.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace limpid::config
