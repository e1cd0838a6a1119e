// Whom a server's certificate names, fit to be shown, whatever the server has written into it. Values only: a
// certificate's are made once, and shared by its sessions' records, which cross threads.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace limpid::certificate {

/// Says nothing about whether the certificate is to be believed.
struct SubjectNames {
  static constexpr std::size_t kNamesMax = 8;
  static constexpr std::size_t kBytesMax = 120;  // of each, without the dots where more was cut off

  std::string subject;             // RFC 2253: "CN=shop.example,O=Shop"; empty: it has none
  std::vector<std::string> names;  // the first DNS names
};

}  // namespace limpid::certificate
