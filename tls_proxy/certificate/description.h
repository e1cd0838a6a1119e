// A certificate as plain values, for people and for the inventory. Parses DER of any origin; a pure function
// for any thread. Needs no OpenSSL type, so that control can include it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limpid::certificate {

struct Description {
  std::string sha256;   // of the DER; lower-case hexadecimal
  std::string subject;  // RFC 2253: "CN=shop.example,O=Shop"; UTF-8 as the certificate has it
  std::string issuer;
  std::vector<std::string>
      names;           // subject alternative names: DNS names, IP addresses, e-mail addresses, URIs
  std::string serial;  // hexadecimal; "-" in front where negative
  std::int64_t not_before_s = 0;  // Unix time
  std::int64_t not_after_s = 0;
  std::string key_kind;  // "RSA", "EC", "ED25519", …; empty: not understood
  std::uint32_t key_bits = 0;
  std::string signature_algorithm;  // "ecdsa-with-SHA256"
  bool self_signed = false;         // issued by its own subject and signed with its own key
};

/// None where the DER is not a certificate. Names beyond 1,000 are left out.
std::optional<Description> describe(std::string_view der);

/// SHA-256 of any bytes, in lower-case hexadecimal.
std::string sha256_hex(std::string_view bytes);

}  // namespace limpid::certificate
