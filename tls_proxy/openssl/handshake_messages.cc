#include "tls_proxy/openssl/handshake_messages.h"

#include <algorithm>
#include <array>

namespace limpid::openssl {

namespace {

constexpr std::uint8_t kServerHello = 2;
constexpr std::uint8_t kHelloRetryRequest = 6;
constexpr std::size_t kRandomAt = 6;  // behind the header and the version

/// SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3).
constexpr std::array<std::uint8_t, 32> kRetryRandom{
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

bool asks_again(Bytes hello) {
  if (hello.size() < kRandomAt + kRetryRandom.size()) return false;
  const Bytes random = hello.subspan(kRandomAt, kRetryRandom.size());
  return std::equal(random.begin(), random.end(), kRetryRandom.begin(),
                    [](std::byte a, std::uint8_t b) { return std::to_integer<std::uint8_t>(a) == b; });
}

}  // namespace

std::uint8_t message_type(Bytes message) {
  if (message.empty()) return kNoMessage;
  const auto type = std::to_integer<std::uint8_t>(message.front());
  return type == kServerHello && asks_again(message) ? kHelloRetryRequest : type;
}

// clang-format off
std::string_view message_name(std::uint8_t type) {
  switch (type) {
    case 0: return "HelloRequest";
    case 1: return "ClientHello";
    case kServerHello: return "ServerHello";
    case 4: return "NewSessionTicket";
    case 5: return "EndOfEarlyData";
    case kHelloRetryRequest: return "HelloRetryRequest";
    case 8: return "EncryptedExtensions";
    case 11: return "Certificate";
    case 12: return "ServerKeyExchange";
    case 13: return "CertificateRequest";
    case 14: return "ServerHelloDone";
    case 15: return "CertificateVerify";
    case 16: return "ClientKeyExchange";
    case 20: return "Finished";
    case 22: return "CertificateStatus";
    case 24: return "KeyUpdate";
    case 25: return "CompressedCertificate";
    case 67: return "NextProtocol";
    case kNoMessage: return {};
    default: return "an unknown message";
  }
}
// clang-format on

}  // namespace limpid::openssl
