#include "tls_proxy/upgrade/mysql.h"

namespace limpid::tls {

namespace {

constexpr std::size_t kHeader = 4;            // length (three bytes, little-endian), number
constexpr std::size_t kSslRequest = 32;       // capabilities, largest packet, character set, 23 zeros
constexpr std::size_t kOldSslRequest = 5;     // before 4.1: two bytes of capabilities
constexpr std::size_t kSslCapability = 0x08;  // of the second byte of capabilities
constexpr std::size_t kProtocolVersion = 10;

std::size_t length_of(const MessageHead& packet) {
  return packet.at(0) | packet.at(1) << 8U | packet.at(2) << 16U;
}

}  // namespace

Finding Mysql::on_client(Bytes bytes) {
  const std::size_t given = bytes.size();
  if (!answer_.fill(kHeader + 2, bytes)) return kMore;
  const std::size_t length = length_of(answer_);
  const bool sized = length == kSslRequest || length == kOldSslRequest;
  if (!sized || (answer_.at(kHeader + 1) & kSslCapability) == 0) return kStaysPlain;
  if (!answer_.fill(kHeader + length, bytes)) return kMore;
  return {.kind = Finding::Kind::kUpgraded, .prefix = given - bytes.size()};
}

/// Whatever else it says is for the client to judge.
Finding Mysql::on_server(Bytes bytes) {
  if (greeted_) return kMore;
  if (!greeting_.fill(kHeader + 1, bytes)) return kMore;
  greeted_ = true;
  return greeting_.at(kHeader) == kProtocolVersion ? kMore : kStaysPlain;  // an error, or older than 3.21.0
}

}  // namespace limpid::tls
