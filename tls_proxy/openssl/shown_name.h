// Distinguished names of certificates and of requests for them, as an operator is shown them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tls_proxy/openssl/pointers.h"

namespace limpid::openssl {

inline constexpr std::size_t kShownNameMax = 120;  // bytes, without the dots where more was cut off

/// In ASCII, whatever a peer has sent: other characters become '?', and what is too long is cut off.
std::string shown_text(std::string_view text);
/// As RFC 2253 writes it: "CN=Shop CA,O=Shop"; "a name that says nothing" for an empty one.
std::string shown_name(const X509_NAME* name);

/// The authorities whose certificates a server takes of its clients (RFC 5246 §7.4.4, RFC 8446 §4.2.4).
struct Authorities {
  static constexpr std::size_t kShownMax = 3;
  std::vector<std::string> shown{};  // the first of them
  std::size_t count = 0;             // 0: it names none
};
Authorities shown_authorities(const STACK_OF(X509_NAME) * names);

}  // namespace limpid::openssl
