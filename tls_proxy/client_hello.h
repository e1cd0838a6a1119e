// The client's first bytes, judged: are they TLS, is the ClientHello complete, and what does it offer?
// Pure and bounded; called by the Interceptor for held bytes and by a TlsSession that was adopted undecided,
// on the worker's thread. It never trusts a length and never looks beyond kClientHelloMax bytes of handshake.
// RFC 8446 §4.1.2 and §5.1, RFC 6066 §3 and §4, RFC 7301, RFC 8449 (record_size_limit), RFC 8701 (GREASE),
// RFC 8879 (compress_certificate), RFC 9849 (ECH).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/bytes.h"
#include "dataplane/base/reasons.h"

namespace limpid::tls {

/// Type, version and length (RFC 8446 §5.1), bytes.
inline constexpr std::size_t kRecordHeader = 5;
/// Handshake bytes of a ClientHello, its four-byte header included.
inline constexpr std::size_t kClientHelloMax = 65'536;
/// A hello in more records than that is malformed: no client makes one, and each has to be gone through
/// again with every segment until it is complete.
inline constexpr std::size_t kHelloRecordsMax = 1'024;

inline constexpr std::uint16_t kSsl3 = 0x0300;
inline constexpr std::uint16_t kTls10 = 0x0301;
inline constexpr std::uint16_t kTls11 = 0x0302;
inline constexpr std::uint16_t kTls12 = 0x0303;
inline constexpr std::uint16_t kTls13 = 0x0304;

/// "TLS 1.3", "SSL 3.0"; "0x7f1c" for what has no name; empty for 0.
std::string version_name(std::uint16_t version);

/// Reserved values that clients send to keep servers tolerant (RFC 8701): 0x0a0a, 0x1a1a, … 0xfafa.
constexpr bool is_grease(std::uint16_t value) {
  return (value & 0x0f0fU) == 0x0a0aU && (value >> 8U) == (value & 0xffU);
}

/// What the client offers, in its own order, GREASE values included.
struct ClientHello {
  std::uint16_t record_version = 0;                     // of the first record
  std::uint16_t legacy_version = 0;                     // of the message itself
  std::vector<std::uint16_t> versions{};                // supported_versions; empty where absent
  std::vector<std::uint16_t> cipher_suites{};           // SCSVs included
  std::vector<std::uint16_t> extensions{};              // types, each once
  std::vector<std::uint16_t> groups{};                  // supported_groups
  std::vector<std::uint16_t> key_shares{};              // groups with a key share
  std::vector<std::uint16_t> signatures{};              // signature_algorithms
  std::vector<std::uint16_t> certificate_signatures{};  // signature_algorithms_cert
  std::vector<std::string> alpn{};
  std::optional<std::string> sni{};  // host_name as it came, never empty; nothing checked but its length
  std::string session_id{};
  std::vector<std::uint16_t> compressions{};  // of certificates: algorithms
  std::uint16_t record_size_limit = 0;        // bytes; 0: it names none
  std::uint8_t max_fragment_length = 0;  // RFC 6066's code: 1 for 512 bytes … 4 for 4,096; 0: it names none
  bool extended_master_secret = false;
  bool status_request = false;           // it takes a stapled OCSP response
  bool has_key_share_extension = false;  // even if it has no share
  bool encrypted_client_hello = false;
  bool early_data = false;
  bool pre_shared_key = false;

  bool offers(std::uint16_t version) const;
  /// The highest version that is not GREASE.
  std::uint16_t version_max() const;
};

enum class FirstBytes : std::uint8_t {
  kNeedMore,   // a ClientHello so far
  kComplete,   // the whole ClientHello is there
  kNotTls,     // decided as early as the bytes allow
  kSsl2,       // a ClientHello in SSL 2.0 format: cannot be intercepted
  kMalformed,  // begins as a ClientHello, but contradicts itself
  kTooLong,
};

/// Judges the first bytes of a flow; fills `hello` for kComplete only.
FirstBytes parse_first_bytes(Bytes bytes, ClientHello& hello);

/// Why it cannot be intercepted; none for kNeedMore and kComplete.
Reason reason_of(FirstBytes first);
/// A server may read what we do not: where policy says decrypt, such a flow is reset, or its client could
/// choose not to be intercepted.
bool evades(Reason why);

}  // namespace limpid::tls
