// See unfinished_checksum.h.
#include "dataplane/nic/unfinished_checksum.h"

#include "dataplane/wire/checksum.h"
#include "dataplane/wire/packet_view.h"
#include "dataplane/wire/pseudo_header.h"

namespace limpid::nic {
namespace {

constexpr std::size_t kTcpField = 16;  // where the checksum lies in the header
constexpr std::size_t kUdpField = 6;

}  // namespace

bool finish_checksum(MutableBytes frame) {
  const auto ip = wire::parse_ip(frame);
  if (!ip || ip->fragment || (ip->protocol != wire::kProtocolTcp && ip->protocol != wire::kProtocolUdp))
    return false;
  const std::size_t field =
      ip->transport_offset + (ip->protocol == wire::kProtocolTcp ? kTcpField : kUdpField);
  if (field + 2 > ip->end) return false;
  const Bytes segment =
      Bytes(frame).subspan(ip->transport_offset, std::size_t{ip->end} - ip->transport_offset);
  std::uint16_t sum = wire::checksum_finish(wire::checksum_add(0, segment));
  if (sum == 0 && ip->protocol == wire::kProtocolUdp) sum = 0xffff;  // zero would mean: no checksum (RFC 768)
  frame[field] = static_cast<std::byte>(sum >> 8U);
  frame[field + 1] = static_cast<std::byte>(sum & 0xffU);
  return true;
}

}  // namespace limpid::nic
