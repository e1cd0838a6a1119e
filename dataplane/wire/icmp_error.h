// An ICMP error and the TCP segment that it quotes (RFC 792, 4443). Only the quoted IP header, the ports and
// the sequence number are certain to be there (RFC 792: 8 bytes of the transport header). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/wire/packet_view.h"

namespace limpid::wire {

struct IcmpError {
  IpView
      quoted;  // the quoted IP header; frame and VLAN tags are those of the error, `end` is without meaning
  std::uint16_t source_port = 0;  // of the quoted segment
  std::uint16_t destination_port = 0;
  std::uint32_t seq = 0;
  bool too_big = false;   // RFC 792 type 3 code 4; RFC 4443 type 2
  std::uint32_t mtu = 0;  // of the next hop where too_big; 0: an old router that does not say
};

/// Nothing where the packet is no ICMP error about a TCP segment, is cut short, or its checksum is wrong.
std::optional<IcmpError> parse_icmp_error(const IpView& packet);

}  // namespace limpid::wire
