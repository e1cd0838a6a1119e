#include "tls_proxy/upgrade/rdp.h"

#include <cstdint>
#include <optional>

namespace limpid::tls {

namespace {

constexpr std::size_t kTpkt = 4;           // version, reserved, length
constexpr std::size_t kX224 = 7;           // its own length, type, two references, class
constexpr std::size_t kPacketMax = 1'024;  // cookies and routing tokens are short
constexpr std::size_t kRequest = 0xe0;
constexpr std::size_t kConfirm = 0xd0;
constexpr std::size_t kNegotiation = 8;  // type, flags, length, protocols (little-endian)
constexpr std::size_t kRequestsProtocols = 1;
constexpr std::size_t kChoosesProtocol = 2;

enum class Packet : std::uint8_t { kPartly, kWhole, kMalformed };

/// Fills a TPKT packet with an X.224 header of that type.
Packet fill(MessageHead& packet, std::size_t type, Bytes& rest) {
  if (!packet.fill(kTpkt, rest)) return Packet::kPartly;
  const std::size_t length = packet.at(2) << 8U | packet.at(3);
  if (packet.at(0) != 3 || length < kTpkt + kX224 || length > kPacketMax) return Packet::kMalformed;
  if (!packet.fill(length, rest)) return Packet::kPartly;
  return packet.at(kTpkt + 1) == type ? Packet::kWhole : Packet::kMalformed;
}

/// What stands behind it in a request that says so (MS-RDPBCGR 2.2.1.1.2): to find a session in logs.
std::size_t correlation_of(const MessageHead& packet) {
  constexpr std::size_t kCorrelation = 36;  // type, flags, length, identifier, reserved
  constexpr std::size_t kIdentifies = 6;
  if (packet.size() < kTpkt + kX224 + kNegotiation + kCorrelation) return 0;
  const std::size_t at = packet.size() - kCorrelation;
  return packet.at(at) == kIdentifies && packet.at(at + 2) == kCorrelation && packet.at(at + 3) == 0
             ? kCorrelation
             : 0;
}

/// What is negotiated, if anything is: nothing stands behind it but what correlates.
std::optional<std::size_t> protocols_of(const MessageHead& packet, std::size_t type) {
  const std::size_t end = packet.size() - correlation_of(packet);
  if (end < kTpkt + kX224 + kNegotiation) return std::nullopt;
  const std::size_t at = end - kNegotiation;
  if (packet.at(at) != type || packet.at(at + 2) != kNegotiation || packet.at(at + 3) != 0)
    return std::nullopt;
  return packet.at(at + 4) | packet.at(at + 5) << 8U | packet.at(at + 6) << 16U | packet.at(at + 7) << 24U;
}

}  // namespace

Finding Rdp::on_client(Bytes bytes) {
  if (asked_) return bytes.empty() ? kMore : kPipelined;
  const Packet packet = fill(request_, kRequest, bytes);
  if (packet == Packet::kPartly) return kMore;
  if (packet == Packet::kMalformed) return kNonsense;
  if (protocols_of(request_, kRequestsProtocols).value_or(0) == 0) return kStaysPlain;
  asked_ = true;
  return bytes.empty() ? kMore : kPipelined;
}

Finding Rdp::on_server(Bytes bytes) {
  if (!asked_) return kNonsense;
  const Packet packet = fill(confirmation_, kConfirm, bytes);
  if (packet == Packet::kPartly) return kMore;
  if (packet == Packet::kMalformed) return kNonsense;
  const bool chosen = protocols_of(confirmation_, kChoosesProtocol).value_or(0) != 0;
  return chosen ? agreed(bytes) : kStaysPlain;
}

}  // namespace limpid::tls
