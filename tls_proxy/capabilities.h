// What this build's TLS library can do. Any thread.
#pragma once

#include <string>
#include <vector>

namespace limpid::tls {

/// In the words of logs and records, the best first.
struct Capabilities {
  std::string library{};                // "OpenSSL 3.5.1 1 Jul 2025"
  std::vector<std::string> versions{};  // "TLS 1.3", …; "SSL 3.0" where it was built in
  std::vector<std::string> groups{};
  std::vector<std::string> ciphers{};       // IANA's names
  std::vector<std::string> compressions{};  // of certificates
};
Capabilities capabilities();

}  // namespace limpid::tls
