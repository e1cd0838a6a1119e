// What rules may ask of a server's certificate, and what a server has shown: the third phase of policy, after
// the connection and the ClientHello. Plain values and pure functions; on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/clock.h"
#include "policy/number_range.h"

namespace limpid::policy {

/// As written in a rule; all that are there must hold, and of a list one element. Text patterns: small
/// letters, "*" for any characters.
struct CertificateConditions {
  std::vector<std::string> name{};         // host patterns; see host_pattern.h
  std::vector<std::string> subject{};      // text patterns, of the name as RFC 2253 writes it
  std::vector<std::string> issuer{};       // likewise
  std::vector<std::string> fingerprint{};  // SHA-256 in small hexadecimal digits, of any in the chain
  std::vector<std::string> key{};          // "rsa", "ec", …
  std::vector<NumberRange> key_bits{};
  Duration expires_within{};           // from now on; has expired counts; 0: whenever
  Duration issued_within{};            // until now; 0: whenever
  Duration valid_for_more_than{};      // from its first day to its last; 0: however long
  std::vector<std::string> outcome{};  // "trusted", or names of defects; see treatment.h

  bool any() const { return *this != CertificateConditions{}; }
  friend bool operator==(const CertificateConditions&, const CertificateConditions&) = default;
};

/// What a server has shown.
struct CertificateFacts {
  std::vector<std::string>
      names{};            // host patterns in normal form: a certificate may be for "*.shop.example"
  std::string subject{};  // as RFC 2253 writes it, in small letters
  std::string issuer{};
  std::vector<std::string> fingerprints{};  // of the chain as presented, the server's first
  std::string key{};                        // in small letters
  std::uint32_t key_bits = 0;
  std::int64_t not_before_s = 0;  // Unix time
  std::int64_t not_after_s = 0;
  std::vector<std::string> outcomes{};  // "trusted" alone, or every defect that was found
  bool believed = false;  // the chain leads to a trusted root and nothing is wrong with it, so its texts can
                          // be taken for true
};

/// Words that `key` may hold.
const std::vector<std::string>& certificate_key_words();
/// Words that `outcome` may hold: "trusted", and every defect.
const std::vector<std::string>& certificate_outcome_words();
/// The normal form of a text pattern.
std::string normalize_text_pattern(std::string_view text);

/// The first of the conditions that does not hold.
enum class CertificateRefusal : std::uint8_t {
  kNone,
  kName,
  kSubject,
  kIssuer,
  kFingerprint,
  kKey,
  kKeyBits,
  kExpiry,
  kIssued,
  kLifetime,
  kOutcome,
  kNotBelieved,
};
/// `to_pass`: they are a rule's that passes. What anybody can write into a certificate must not keep a
/// session from being looked at: unless such a rule names outcomes or a fingerprint itself, it believes
/// only a chain that verifies.
CertificateRefusal refusal(const CertificateConditions& when, const CertificateFacts& shown, bool to_pass,
                           WallTime now);

}  // namespace limpid::policy
