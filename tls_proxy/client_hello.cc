#include "tls_proxy/client_hello.h"

#include <algorithm>
#include <array>
#include <bitset>

namespace limpid::tls {

namespace {

constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHelloMessage = 1;
constexpr std::size_t kMessageHeader = 4;
constexpr std::size_t kRecordMax = 16'384;  // plaintext of one record (RFC 8446 §5.1)
constexpr std::size_t kHostNameMax = 255;

enum Extension : std::uint16_t {
  kServerName = 0,
  kMaxFragmentLength = 1,
  kStatusRequest = 5,
  kSupportedGroups = 10,
  kSignatureAlgorithms = 13,
  kAlpn = 16,
  kExtendedMasterSecret = 23,
  kCompressCertificate = 27,
  kRecordSizeLimit = 28,
  kPreSharedKey = 41,
  kEarlyData = 42,
  kSupportedVersions = 43,
  kSignatureAlgorithmsCert = 50,
  kKeyShare = 51,
  kEncryptedClientHello = 0xfe0d,
};

std::uint8_t byte_at(Bytes bytes, std::size_t at) { return std::to_integer<std::uint8_t>(bytes[at]); }

/// Of the record whose header is at the front.
std::size_t record_length(Bytes record) {
  return (std::size_t{byte_at(record, 3)} << 8U) | std::size_t{byte_at(record, 4)};
}

// --- Is it TLS? -----------------------------------------------------------------------------------------

/// Holds the bytes against what every ClientHello begins with; the bytes that are missing may be anything.
bool may_be_tls(Bytes bytes) {
  const auto wrong = [bytes](std::size_t at, std::uint8_t from, std::uint8_t to) {
    return at < bytes.size() && (byte_at(bytes, at) < from || byte_at(bytes, at) > to);
  };
  if (wrong(0, kHandshakeRecord, kHandshakeRecord) || wrong(1, 3, 3) || wrong(2, 0, 4) ||
      wrong(3, 0, kRecordMax >> 8U)) {
    return false;
  }
  if (bytes.size() < kRecordHeader) return true;
  const std::size_t length = record_length(bytes);
  if (length == 0) return true;  // it is malformed, whatever follows
  // The message's type and length follow in the same record, unless that holds a single byte.
  return length <= kRecordMax && !wrong(5, kClientHelloMessage, kClientHelloMessage) &&
         (length == 1 || !wrong(6, 0, 1));
}

/// RFC 6101 §E.2: two bytes of length with the top bit set, the message type, then the version.
bool may_be_ssl2(Bytes bytes) {
  if ((byte_at(bytes, 0) & 0x80U) == 0) return false;
  if (bytes.size() > 2 && byte_at(bytes, 2) != kClientHelloMessage) return false;
  if (bytes.size() > 3 && byte_at(bytes, 3) != 0 && byte_at(bytes, 3) != 3) return false;
  if (bytes.size() > 4) {
    const std::uint8_t minor = byte_at(bytes, 4);
    return byte_at(bytes, 3) == 0 ? minor == 2 : minor <= 4;
  }
  return true;
}
constexpr std::size_t kSsl2Recognised = 5;

// --- The message out of its records ---------------------------------------------------------------------

/// The handshake bytes of the records at the front, as far as they are there. A message that lies within one
/// record is not copied.
class MessageBytes {
 public:
  explicit MessageBytes(Bytes bytes) { read(bytes); }

  bool malformed() const { return malformed_; }
  Bytes bytes() const { return joined_.empty() ? first_ : as_bytes(joined_); }
  std::size_t size() const { return bytes().size(); }
  /// Of the whole message, its header included; 0 while unknown.
  std::size_t expected() const {
    const Bytes have = bytes();
    if (have.size() < kMessageHeader) return 0;
    ByteReader reader(have.subspan(1));
    return kMessageHeader + reader.u24();
  }

 private:
  void read(Bytes rest) {
    while (rest.size() >= kRecordHeader) {
      if (expected() != 0 && size() >= expected()) return;
      if (size() > kClientHelloMax) return;
      const std::size_t length = record_length(rest);
      if (++records_ > kHelloRecordsMax) {
        malformed_ = true;
        return;
      }
      // Once the first record was taken for TLS, whatever else comes before the end breaks the message.
      if (byte_at(rest, 0) != kHandshakeRecord || byte_at(rest, 1) != 3 || length == 0 ||
          length > kRecordMax) {
        malformed_ = true;
        return;
      }
      rest = rest.subspan(kRecordHeader);
      const Bytes fragment = rest.first(std::min(length, rest.size()));
      append(fragment);
      if (fragment.size() < length) return;
      rest = rest.subspan(length);
    }
    if (!rest.empty() && byte_at(rest, 0) != kHandshakeRecord && (expected() == 0 || size() < expected())) {
      malformed_ = true;
    }
  }
  void append(Bytes fragment) {
    if (first_.empty()) {
      first_ = fragment;
      return;
    }
    if (joined_.empty()) joined_ = as_text(first_);
    joined_ += as_text(fragment);
  }

  Bytes first_;
  std::string joined_;
  std::size_t records_ = 0;
  bool malformed_ = false;
};

// --- The message ----------------------------------------------------------------------------------------

/// A vector of 16-bit values. False where its size is odd.
bool read_u16_list(Bytes list, std::vector<std::uint16_t>& into) {
  if (list.size() % 2 != 0) return false;
  into.reserve(list.size() / 2);
  for (ByteReader reader(list); !reader.empty();) into.push_back(reader.u16());
  return true;
}

bool read_server_name(Bytes body, ClientHello& hello) {
  ByteReader extension(body);
  ByteReader list(extension.vector16());
  if (extension.failed() || !extension.empty() || list.empty()) return false;
  while (!list.empty()) {
    const std::uint8_t type = list.u8();
    const Bytes name = list.vector16();
    if (list.failed()) return false;
    if (type != 0) continue;
    const std::string_view text = as_text(name);
    // A name with a zero byte is read in two ways by two programs; no server takes it (nor more than one).
    const bool usable =
        !text.empty() && text.size() <= kHostNameMax && text.find('\0') == std::string_view::npos;
    if (!usable || hello.sni) return false;
    hello.sni = std::string(text);
  }
  return true;
}

bool read_alpn(Bytes body, ClientHello& hello) {
  ByteReader extension(body);
  ByteReader list(extension.vector16());
  if (extension.failed() || !extension.empty() || list.empty()) return false;
  while (!list.empty()) {
    const Bytes protocol = list.vector8();
    if (list.failed() || protocol.empty()) return false;
    hello.alpn.emplace_back(as_text(protocol));
  }
  return true;
}

bool read_u16_extension(Bytes body, std::vector<std::uint16_t>& into) {
  ByteReader extension(body);
  const Bytes list = extension.vector16();
  return !extension.failed() && extension.empty() && into.empty() && read_u16_list(list, into);
}

bool read_supported_versions(Bytes body, ClientHello& hello) {
  ByteReader extension(body);
  const Bytes list = extension.vector8();
  return !extension.failed() && extension.empty() && !list.empty() && hello.versions.empty() &&
         read_u16_list(list, hello.versions);
}

bool read_key_share(Bytes body, ClientHello& hello) {
  ByteReader extension(body);
  ByteReader list(extension.vector16());
  if (extension.failed() || !extension.empty()) return false;
  hello.has_key_share_extension = true;
  while (!list.empty()) {
    hello.key_shares.push_back(list.u16());
    if (list.vector16().empty() || list.failed()) return false;
  }
  return true;
}

/// Servers may know nothing of it: one that is not as it should be is as good as absent.
void read_compressions(Bytes body, ClientHello& hello) {
  ByteReader extension(body);
  const Bytes list = extension.vector8();
  if (extension.failed() || !extension.empty()) return;
  hello.compressions.clear();
  read_u16_list(list, hello.compressions);
}

/// Likewise.
void read_size_limit(std::uint16_t type, Bytes body, ClientHello& hello) {
  ByteReader extension(body);
  const std::uint16_t limit = body.size() == 1 ? extension.u8() : extension.u16();
  if (extension.failed() || !extension.empty()) return;
  if (type == kRecordSizeLimit && body.size() == 2) hello.record_size_limit = limit;
  if (type == kMaxFragmentLength && body.size() == 1)
    hello.max_fragment_length = static_cast<std::uint8_t>(limit);
}

bool read_extension(std::uint16_t type, Bytes body, ClientHello& hello) {
  switch (type) {
    case kServerName:
      return read_server_name(body, hello);
    case kMaxFragmentLength:
    case kRecordSizeLimit:
      read_size_limit(type, body, hello);
      return true;
    case kStatusRequest:
      hello.status_request = true;
      return true;
    case kExtendedMasterSecret:
      hello.extended_master_secret = true;
      return true;
    case kCompressCertificate:
      read_compressions(body, hello);
      return true;
    case kSupportedGroups:
      return read_u16_extension(body, hello.groups);
    case kSignatureAlgorithms:
      return read_u16_extension(body, hello.signatures);
    case kSignatureAlgorithmsCert:
      return read_u16_extension(body, hello.certificate_signatures);
    case kAlpn:
      return read_alpn(body, hello);
    case kSupportedVersions:
      return read_supported_versions(body, hello);
    case kKeyShare:
      return read_key_share(body, hello);
    case kPreSharedKey:
      hello.pre_shared_key = true;
      return true;
    case kEarlyData:
      hello.early_data = true;
      return true;
    case kEncryptedClientHello:
      hello.encrypted_client_hello = true;
      return true;
    default:
      return true;
  }
}

/// An extension that comes twice could be read in two ways (RFC 8446 §4.2 forbids it). Servers look at those
/// only that they know: what is not read here may come twice.
bool must_be_single(std::uint16_t type) {
  switch (type) {
    case kServerName:
    case kSupportedGroups:
    case kSignatureAlgorithms:
    case kSignatureAlgorithmsCert:
    case kAlpn:
    case kSupportedVersions:
    case kKeyShare:
    case kPreSharedKey:
    case kEarlyData:
    case kEncryptedClientHello:
      return true;
    default:
      return false;
  }
}

bool read_extensions(Bytes extensions, ClientHello& hello) {
  // There may be sixteen thousand: no search for each of them.
  std::bitset<0x10000> seen;
  for (ByteReader reader(extensions); !reader.empty();) {
    const std::uint16_t type = reader.u16();
    const Bytes body = reader.vector16();
    if (reader.failed() || (seen[type] && must_be_single(type)) || !read_extension(type, body, hello)) {
      return false;
    }
    if (!seen[type]) hello.extensions.push_back(type);
    seen.set(type);
  }
  return true;
}

/// Where the client lists its versions, nothing else says which it speaks (RFC 8446 §4.2.1).
bool names_a_version(const ClientHello& hello) {
  return !hello.versions.empty() || hello.legacy_version >> 8U == 3;
}

bool read_message(Bytes message, ClientHello& hello) {
  ByteReader reader(message.subspan(kMessageHeader));
  hello.legacy_version = reader.u16();
  reader.take(32);  // random
  hello.session_id = as_text(reader.vector8());
  const Bytes suites = reader.vector16();
  const Bytes compressions = reader.vector8();
  if (reader.failed() || hello.session_id.size() > 32 || suites.empty() || compressions.empty()) return false;
  if (!read_u16_list(suites, hello.cipher_suites)) return false;
  if (reader.empty()) return names_a_version(hello);  // SSL 3.0 and TLS 1.0 know hellos without extensions
  const Bytes extensions = reader.vector16();
  return !reader.failed() && reader.empty() && read_extensions(extensions, hello) && names_a_version(hello);
}

}  // namespace

Reason reason_of(FirstBytes first) {
  switch (first) {
    case FirstBytes::kNeedMore:
    case FirstBytes::kComplete:
      return Reason::none;
    case FirstBytes::kNotTls:
      return Reason::not_tls;
    case FirstBytes::kSsl2:
      return Reason::client_hello_ssl2;
    case FirstBytes::kMalformed:
      return Reason::client_hello_malformed;
    case FirstBytes::kTooLong:
      return Reason::client_hello_too_long;
  }
  return Reason::none;
}

bool evades(Reason why) {
  return why == Reason::client_hello_malformed || why == Reason::client_hello_too_long;
}

std::string version_name(std::uint16_t version) {
  switch (version) {
    case 0:
      return {};
    case kSsl3:
      return "SSL 3.0";
    case kTls10:
      return "TLS 1.0";
    case kTls11:
      return "TLS 1.1";
    case kTls12:
      return "TLS 1.2";
    case kTls13:
      return "TLS 1.3";
    default:
      break;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (unsigned shift = 16; shift > 0; shift -= 4) text += kDigits[(version >> (shift - 4)) & 15U];
  return text;
}

bool ClientHello::offers(std::uint16_t version) const {
  if (!versions.empty()) return std::find(versions.begin(), versions.end(), version) != versions.end();
  return version <= legacy_version && version <= kTls12;  // RFC 8446 §4.2.1
}

std::uint16_t ClientHello::version_max() const {
  for (const std::uint16_t version : {kTls13, kTls12, kTls11, kTls10, kSsl3}) {
    if (offers(version)) return version;
  }
  return 0;
}

FirstBytes parse_first_bytes(Bytes bytes, ClientHello& hello) {
  if (bytes.empty()) return FirstBytes::kNeedMore;
  if (!may_be_tls(bytes)) {
    if (!may_be_ssl2(bytes)) return FirstBytes::kNotTls;
    return bytes.size() < kSsl2Recognised ? FirstBytes::kNeedMore : FirstBytes::kSsl2;
  }
  const MessageBytes message(bytes);
  const std::size_t expected = message.expected();
  if (expected > kClientHelloMax) return FirstBytes::kTooLong;
  if (expected != 0 && message.size() >= expected) {
    ClientHello parsed;
    ByteReader record(bytes.subspan(1));
    parsed.record_version = record.u16();
    if (!read_message(message.bytes().first(expected), parsed)) return FirstBytes::kMalformed;
    hello = std::move(parsed);
    return FirstBytes::kComplete;
  }
  return message.malformed() ? FirstBytes::kMalformed : FirstBytes::kNeedMore;
}

}  // namespace limpid::tls
