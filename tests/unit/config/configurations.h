// Configurations for tests, in few words, and what the loader says about them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "config/load.h"

namespace limpid::config {

/// A whole configuration that has everything it needs. Seven lines: what is added begins in line 8.
inline std::string good() {
  return "segments:\n"
         "  - name: edge\n"
         "    client_side: { interface: d0 }\n"
         "    server_side: { interface: d1 }\n"
         "tls:\n"
         "  signing:\n"
         "    { trusted: { certificate: a, key: b }, untrusted: { certificate: c, key: d } }\n";
}

inline Result<Configuration, std::vector<ConfigError>> loaded(std::string_view text) {
  return load_text(text, "/etc/limpid/limpid.yaml", {.check_files = false});
}

/// Everything that is said, errors or warnings, without the file's name; empty: nothing.
inline std::string said(std::string_view yaml) {
  const auto result = loaded(yaml);
  std::string out;
  for (ConfigError error : result ? result->warnings : result.error()) {
    error.file = "";
    out += text(error).substr(error.line == 0 ? 2 : 1);  // without the colon behind the name
  }
  return out;
}

/// The same for good() and more.
inline std::string said_with(std::string_view more) { return said(good() + std::string(more)); }

inline Configuration good_with(std::string_view more) {
  const auto result = loaded(good() + std::string(more));
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : text(result.error()));
  return result.ok() ? *result : Configuration{};
}

/// An inline tool `ips` with its ports, for behind good(). What is added begins in line 10.
inline std::string tool_with(const std::string& more) {
  return "tools:\n- { name: ips, inline: { side_a: { interface: t0 }, side_b: { interface: t1 },\n" + more +
         " } }\n";
}

}  // namespace limpid::config
